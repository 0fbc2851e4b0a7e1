"""The bodies that several routers share."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from starlette.responses import JSONResponse

from fastapi_beyond_crud.accounts.schemas import UserRead
from fastapi_beyond_crud.accounts.service import Account
from fastapi_beyond_crud.sessions.pairs import TokenPair

T = TypeVar("T")


class StrictBody(BaseModel):
    """A body in which every member is declared."""

    model_config = ConfigDict(extra="forbid")


class NoStoreResponse(JSONResponse):
    """JSON that no cache may keep (RFC 6749 section 5.1)."""

    def init_headers(self, headers: Any = None) -> None:
        """Add the header to those that are given."""
        super().init_headers(headers)
        self.headers["Cache-Control"] = "no-store"
        self.headers["Pragma"] = "no-cache"


class TokenPairRead(BaseModel):
    """An access token and a refresh token. Lifetimes are seconds from now."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"]
    expires_in: int
    refresh_expires_in: int

    @classmethod
    def of(cls, pair: TokenPair) -> "TokenPairRead":
        """The pair as it is sent."""
        return cls(
            access_token=pair.access_token,
            refresh_token=pair.refresh_token,
            token_type="bearer",  # noqa: S106 - the name of a scheme (RFC 6750), not a password
            expires_in=pair.expires_in,
            refresh_expires_in=pair.refresh_expires_in,
        )


class ListRead(BaseModel, Generic[T]):
    """A part of a list. Give ``next_cursor`` back as ``cursor`` for the next part; null is the end."""

    items: list[T]
    next_cursor: str | None


class SessionRead(BaseModel):
    """A signed-in device."""

    id: UUID
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ip: str | None
    user_agent: str | None
    current: bool


class GrantRead(BaseModel):
    """A role that an account holds."""

    model_config = ConfigDict(from_attributes=True)

    role: str
    scope: str | None
    valid_from: datetime | None
    valid_until: datetime | None
    granted_by: str | None
    reason: str | None
    created_at: datetime


class _WithRoles:
    """An account's columns, and its roles beside them, for a model that reads attributes."""

    def __init__(self, account: Account, roles: Iterable[str]) -> None:
        self._user = account.user
        self.roles = sorted(roles)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._user, name)


def read_account(model: type[UserRead], account: Account) -> UserRead:
    """An account in the shape of your model."""
    return model.model_validate(_WithRoles(account, account.roles))
