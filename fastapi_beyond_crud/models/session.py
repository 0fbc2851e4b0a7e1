"""A signed-in device."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Integer, LargeBinary, String, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from fastapi_beyond_crud.core.identifiers import uuid7


class SessionMixin:
    """One row a session for its whole life; refreshing changes the row and never adds one.

    Tokens are not in it: ``family_hash``, ``current_hash`` and ``previous_hash`` are SHA-256 of random
    values, and ``nonce`` makes a successor only together with the token that the client holds.

    Attributes:
        id: The ``sid`` of the session's access tokens.
        expires_at: The idle limit; each refresh moves it, never past ``absolute_expires_at``.
        ended_at: None while the session lives. ``end_reason`` says why it ended.
        auth_time: When the password was last proven, not when the token was last refreshed.
    """

    __user_table__: str
    """The table that ``user_id`` points to; `companions` sets it, a class of your own names it."""
    __user_key__: str = "id"
    """The column there, if the account's key has another name in the database than in Python."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, sort_order=-10)
    family_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    current_hash: Mapped[bytes] = mapped_column(LargeBinary)
    previous_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    nonce: Mapped[bytes | None] = mapped_column(LargeBinary)
    generation: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    rotated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    last_seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    absolute_expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    end_reason: Mapped[str | None] = mapped_column(String(64))
    ip: Mapped[str | None] = mapped_column(String(64))
    user_agent: Mapped[str | None] = mapped_column(Text)
    auth_time: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    amr: Mapped[list[str]] = mapped_column(JSONB, default=list)

    @declared_attr
    def user_id(cls) -> Mapped[Any]:
        """The account. Without a type of its own: the column takes that of the key it points to."""
        return mapped_column(ForeignKey(f"{cls.__user_table__}.{cls.__user_key__}"), index=True, nullable=False)
