"""Sign up."""

from typing import Any

from fastapi import APIRouter, Depends

from fastapi_beyond_crud.core.errors import Conflict, EmailTaken, Unavailable, ValidationFailed
from fastapi_beyond_crud.routers.bodies import NoStoreResponse, read_account
from fastapi_beyond_crud.web.documentation import documents
from fastapi_beyond_crud.web.surface import BODY_LIMIT, Surface


def register_router(surface: Surface) -> APIRouter:
    """``/register``; no route at all where registration is closed."""
    router = APIRouter(tags=["account"], default_response_class=NoStoreResponse, dependencies=[Depends(BODY_LIMIT)])
    if surface.settings().registration == "closed":
        return router

    @router.post(
        "/register",
        status_code=201,
        response_model=surface.read,
        responses=documents(EmailTaken, Conflict, ValidationFailed, Unavailable),
    )
    async def register(body: surface.create) -> Any:  # type: ignore[name-defined] # the model is a value here
        """Make an account."""
        return read_account(surface.read, await surface.services().accounts.register(body))

    return router
