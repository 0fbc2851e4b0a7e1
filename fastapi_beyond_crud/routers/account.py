"""The caller's own account."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from fastapi_beyond_crud.core.errors import Conflict, NotFound, TokenInvalid
from fastapi_beyond_crud.core.principal import Principal
from fastapi_beyond_crud.routers.bodies import NoStoreResponse, read_account
from fastapi_beyond_crud.web.documentation import documents
from fastapi_beyond_crud.web.surface import BODY_LIMIT, Surface


class PermissionsRead(BaseModel):
    """What the caller may do now."""

    roles: list[str]
    permissions: list[str]


def account_router(surface: Surface) -> APIRouter:
    """``/me`` and ``/permissions``."""
    router = APIRouter(tags=["account"], default_response_class=NoStoreResponse, dependencies=[Depends(BODY_LIMIT)])
    Caller = Annotated[Principal, Depends(surface.known)]

    @router.get("/me", response_model=surface.read)
    async def read_me(caller: Caller) -> Any:
        """The caller's account."""
        try:
            return read_account(surface.read, await surface.services().accounts.find(caller.id))
        except NotFound:
            # The account was deleted while its token lived.
            raise TokenInvalid from None

    @router.patch("/me", response_model=surface.read, responses=documents(Conflict))
    async def update_me(body: surface.update, caller: Caller) -> Any:  # type: ignore[name-defined] # a value here
        """Change what people may change themselves. What is left out stays; null is stored as NULL."""
        values = body.model_dump(exclude_unset=True)
        try:
            return read_account(surface.read, await surface.services().accounts.update(caller.id, values))
        except NotFound:
            raise TokenInvalid from None

    @router.get("/permissions")
    async def permissions(caller: Caller) -> PermissionsRead:
        """What the caller may do, for front ends that show or hide things."""
        return PermissionsRead(roles=sorted(caller.roles), permissions=sorted(caller.permissions))

    return router
