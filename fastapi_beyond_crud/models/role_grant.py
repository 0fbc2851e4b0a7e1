"""A role that an account holds."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, String, Text, func
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from fastapi_beyond_crud.core.identifiers import uuid7


class RoleGrantMixin:
    """A role, for an account, perhaps within a scope and for a time.

    Attributes:
        scope: A tenant or organisation; None means everywhere.
        valid_from: In force from this moment on; None means at once.
        valid_until: No longer in force at this moment; None means without end.
        granted_by: The key of the account that granted it, as text; None if the system did.
    """

    __user_table__: str
    """The table that ``user_id`` points to; `companions` sets it, a class of your own names it."""
    __user_key__: str = "id"
    """The column there, if the account's key has another name in the database than in Python."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, sort_order=-10)
    role: Mapped[str] = mapped_column(String(64), index=True)
    scope: Mapped[str | None] = mapped_column(String(255))
    valid_from: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    valid_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    granted_by: Mapped[str | None] = mapped_column(String(255))
    reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    @declared_attr
    def user_id(cls) -> Mapped[Any]:
        """The account. Without a type of its own: the column takes that of the key it points to."""
        return mapped_column(ForeignKey(f"{cls.__user_table__}.{cls.__user_key__}"), index=True, nullable=False)
