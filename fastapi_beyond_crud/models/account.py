"""The columns that make a model of yours an account."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Integer, String, func, true
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import expression

from fastapi_beyond_crud.core.clock import utc_now
from fastapi_beyond_crud.core.identifiers import EMAIL_MAX_LENGTH, uuid7


class AccountMixin:
    """`UserMixin` without the key: for integer or text keys, declare your own ``id``.

    The names are those of fastapi-users, so that moving over from it is a copy of rows. Addresses are stored
    in canonical form (`core.identifiers.canonical_email`); the unique index decides a race of two sign-ups.

    Attributes:
        hashed_password: None for an account that cannot log in with a password.
        auth_version: Moves on with every change of rights and every cut-off; access tokens carry it.
        cutoff_version: The ``auth_version`` of the last cut-off: tokens below it are dead.
    """

    email: Mapped[str] = mapped_column(String(EMAIL_MAX_LENGTH), unique=True, index=True)
    hashed_password: Mapped[str | None] = mapped_column(String(1024), deferred=True, deferred_raiseload=True)
    is_active: Mapped[bool] = mapped_column(default=True, server_default=true())
    is_verified: Mapped[bool] = mapped_column(default=False, server_default=expression.false())
    auth_version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    cutoff_version: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now(), onupdate=utc_now)


class UserMixin(AccountMixin):
    """An account with a UUID (version 7) as its key: the usual choice."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, sort_order=-10)
