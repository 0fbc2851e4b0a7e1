"""An account model with fields of its own, and the bodies that belong to it."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field
from sqlalchemy import DateTime, String, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from fastapi_beyond_crud import CleanText, UserCreate, UserMixin, UserRead, UserUpdate

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


class Base(DeclarativeBase): ...


class Reader(UserMixin, Base):
    """An account with a name, a unique nickname, and columns that change by themselves."""

    __tablename__ = "readers"

    display_name: Mapped[str] = mapped_column(String(100), default="somebody")
    nickname: Mapped[str | None] = mapped_column(unique=True)
    age: Mapped[int | None]
    touched: Mapped[str] = mapped_column(default="made", onupdate=lambda: "touched by a function")
    server_touched: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=func.now()
    )


class ReaderCreate(UserCreate):
    """A registration with a name."""

    display_name: Annotated[CleanText, Field(min_length=1, max_length=100)] = "somebody"
    nickname: str | None = None


class ReaderUpdate(UserUpdate):
    """What readers may change themselves."""

    display_name: Annotated[CleanText, Field(min_length=1, max_length=100)] | None = None
    nickname: Annotated[str, Field(max_length=30)] | None = None
    age: Annotated[int, Field(ge=0, le=150)] | None = None


class ReaderReads(UserRead):
    """What readers see of themselves."""

    display_name: str
    nickname: str | None
    age: int | None
    server_touched: datetime
