"""Roles, and who holds them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, Field

from fastapi_beyond_crud.accounts.schemas import CleanText
from fastapi_beyond_crud.core.errors import Conflict, LastAdmin, NotFound, ValidationFailed
from fastapi_beyond_crud.core.principal import Principal
from fastapi_beyond_crud.routers.bodies import GrantRead, NoStoreResponse, StrictBody
from fastapi_beyond_crud.web.documentation import documents
from fastapi_beyond_crud.web.surface import BODY_LIMIT, Surface

RoleName = Annotated[CleanText, Field(min_length=1, max_length=64)]
Scope = Annotated[CleanText, Field(min_length=1, max_length=255)]


class RoleRead(BaseModel):
    """A role of the application."""

    name: str
    permissions: list[str]
    parents: list[str]


class GrantBody(StrictBody):
    """A role to grant, perhaps within a scope and for a time."""

    role: RoleName
    scope: Scope | None = None
    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None
    reason: Annotated[CleanText, Field(max_length=1000)] | None = None


def roles_router(surface: Surface) -> APIRouter:
    """``/roles`` and ``/users/{id}/roles``: needs ``roles:grant``."""
    router = APIRouter(
        tags=["administration"], default_response_class=NoStoreResponse, dependencies=[Depends(BODY_LIMIT)]
    )
    Granter = Annotated[Principal, Depends(surface.require("roles:grant"))]

    @router.get("/roles")
    async def list_roles(caller: Granter) -> list[RoleRead]:
        """The roles of the application and what each allows, its parents included."""
        return [
            RoleRead(
                name=name,
                permissions=sorted(surface.roles.rights(frozenset({name})).permissions),
                parents=list(surface.roles.parents(name)),
            )
            for name in surface.roles.names
        ]

    @router.post(
        "/users/{user_id}/roles",
        status_code=201,
        responses=documents(NotFound, ValidationFailed, LastAdmin, Conflict),
    )
    async def grant_role(user_id: str, body: GrantBody, caller: Granter) -> GrantRead:
        """Grant a role; it counts on the next request, with the old token. Nobody grants above their own rights."""
        grant = await surface.services().grants.grant(
            surface.key(user_id),
            body.role,
            by=caller,
            scope=body.scope,
            valid_from=body.valid_from,
            valid_until=body.valid_until,
            reason=body.reason,
        )
        return GrantRead.model_validate(grant)

    @router.delete("/users/{user_id}/roles/{role}", status_code=204, responses=documents(NotFound, LastAdmin))
    async def revoke_role(
        user_id: str, role: str, caller: Granter, scope: Annotated[Scope | None, Query()] = None
    ) -> None:
        """Take a role away; the next request sees it. The last administrator stays."""
        await surface.services().grants.revoke(surface.key(user_id), role, by=caller, scope=scope)

    return router
