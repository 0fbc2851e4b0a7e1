"""Accounts, for administrators."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import create_model

from fastapi_beyond_crud.accounts.schemas import UserUpdate
from fastapi_beyond_crud.accounts.service import Account
from fastapi_beyond_crud.core.errors import Conflict, LastAdmin, NotFound
from fastapi_beyond_crud.core.principal import Principal
from fastapi_beyond_crud.routers.bodies import ListRead, NoStoreResponse, read_account
from fastapi_beyond_crud.web.documentation import documents
from fastapi_beyond_crud.web.surface import BODY_LIMIT, Surface


def users_router(surface: Surface) -> APIRouter:
    """``/users``: needs ``users:read`` to look and ``users:manage`` to change."""
    router = APIRouter(
        prefix="/users",
        tags=["administration"],
        default_response_class=NoStoreResponse,
        dependencies=[Depends(BODY_LIMIT)],
    )
    Reader = Annotated[Principal, Depends(surface.require("users:read"))]
    Manager = Annotated[Principal, Depends(surface.require("users:manage"))]
    update_model = _admin_update(surface.update)

    async def target(user_id: str, by: Principal) -> Account:
        """The account, if the caller may manage it: nobody touches one that is allowed more."""
        services = surface.services()
        account = await services.accounts.find(surface.key(user_id))
        services.grants.ensure_may_manage(by, account.roles)
        return account

    @router.get("", response_model=ListRead[surface.read])  # type: ignore[name-defined] # the model is a value here
    async def list_users(
        caller: Reader,
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
        cursor: Annotated[str | None, Query(max_length=255)] = None,
        email: Annotated[str | None, Query(max_length=254)] = None,
    ) -> Any:
        """All accounts, or the one with an address."""
        page = await surface.services().accounts.list(limit=limit, after=surface.cursor(cursor), email=email)
        items = [read_account(surface.read, account) for account in page.items]
        return {"items": items, "next_cursor": page.next_after}

    @router.get("/{user_id}", response_model=surface.read, responses=documents(NotFound))
    async def read_user(user_id: str, caller: Reader) -> Any:
        """One account."""
        return read_account(surface.read, await surface.services().accounts.find(surface.key(user_id)))

    @router.patch("/{user_id}", response_model=surface.read, responses=documents(NotFound, Conflict))
    async def update_user(user_id: str, body: update_model, caller: Manager) -> Any:  # type: ignore[valid-type] # a value
        """Change an account's own fields, or note that its address is verified."""
        account = await target(user_id, caller)
        values = body.model_dump(exclude_unset=True)  # type: ignore[attr-defined] # a pydantic model
        return read_account(surface.read, await surface.services().accounts.update(account.user.id, values))

    @router.post("/{user_id}/disable", status_code=204, responses=documents(NotFound, LastAdmin))
    async def disable_user(user_id: str, caller: Manager) -> None:
        """Switch an account off: its sessions end and its tokens die at once."""
        account = await target(user_id, caller)
        await surface.services().accounts.disable(account.user.id)

    @router.post("/{user_id}/enable", status_code=204, responses=documents(NotFound))
    async def enable_user(user_id: str, caller: Manager) -> None:
        """Switch an account on again."""
        account = await target(user_id, caller)
        await surface.services().accounts.enable(account.user.id)

    @router.post("/{user_id}/sign-out", status_code=204, responses=documents(NotFound))
    async def sign_user_out(user_id: str, caller: Manager) -> None:
        """End every session of an account."""
        account = await target(user_id, caller)
        await surface.services().tokens.end_all(account.user.id, reason="ended_by_admin")

    return router


def _admin_update(model: type[UserUpdate]) -> type[UserUpdate]:
    """The fields that people may change themselves, and whether the address is verified."""
    return create_model(f"{model.__name__}ByAdmin", __base__=model, is_verified=(bool, False))
