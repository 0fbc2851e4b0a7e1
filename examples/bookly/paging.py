"""Lists in pages, by keyset: a page begins after the last row of the page before.

With OFFSET, a row that is inserted meanwhile shifts all others, so that one comes twice or never; and the database
reads all that it skips. "The rows after this value and this id" has neither fault.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, TypeAdapter, ValidationError
from sqlalchemy import Select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from fastapi_beyond_crud import CleanText, ValidationFailed

T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=100, description="The most items of a page.")]
CursorText = Annotated[
    str | None, Query(max_length=2000, description="The `next_cursor` of the page before; left out for the first.")
]


class Page(BaseModel, Generic[T]):
    """A part of a list. `next_cursor` is null at the end."""

    items: list[T]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows(Generic[T]):
    """The rows of a page."""

    items: Sequence[T]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """An order of a list: by a column, and by the id where values are equal.

    Attributes:
        name: As it stands in the query string. It is part of each cursor: one of another order is refused.
        value_type: What the column holds. Values come back from outside in a cursor, so they are validated.
    """

    name: str
    column: InstrumentedAttribute[Any]
    key: InstrumentedAttribute[UUID]
    value_type: TypeAdapter[Any]
    descending: bool = False

    def after(self, cursor: str | None) -> Any:
        """The condition that a row comes after the cursor; None without one.

        Raises:
            ValidationFailed: We never gave out this cursor for this order.
        """
        if cursor is None:
            return None
        # One comparison of pairs, which the database answers from the index on both columns.
        row, mark = tuple_(self.column, self.key), tuple_(*self._decoded(cursor))
        return row < mark if self.descending else row > mark

    def ordered(self, query: Select[T]) -> Select[T]:
        """The query in this order."""
        columns = (self.column, self.key)
        return query.order_by(*(column.desc() if self.descending else column.asc() for column in columns))

    def cursor_of(self, row: Any) -> str:
        """The cursor that stands for a row."""
        value = getattr(row, self.column.key)
        text = value.isoformat() if isinstance(value, date | datetime) else value
        return base64.urlsafe_b64encode(_PARTS.dump_json((self.name, text, row.id))).decode().rstrip("=")

    def _decoded(self, cursor: str) -> tuple[Any, UUID]:
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            name, text, key = _PARTS.validate_json(raw)
            value = self.value_type.validate_python(text)
        except (ValueError, binascii.Error, ValidationError):
            raise _not_a_cursor() from None
        if name != self.name:
            raise _not_a_cursor()
        return value, key


_PARTS = TypeAdapter(tuple[str, str, UUID])
TEXT: TypeAdapter[Any] = TypeAdapter(CleanText)
DATE: TypeAdapter[Any] = TypeAdapter(date)
MOMENT: TypeAdapter[Any] = TypeAdapter(AwareDatetime)


async def read_page(session: AsyncSession, query: Select[T], sort: Sort, *, limit: int, cursor: str | None) -> Rows[T]:
    """One page of a query.

    Raises:
        ValidationFailed: The cursor is not one of this list in this order.
    """
    condition = sort.after(cursor)
    if condition is not None:
        query = query.where(condition)
    # One row more than wanted tells whether there is a next page, without counting them all.
    found = (await session.scalars(sort.ordered(query).limit(limit + 1))).all()
    items = found[:limit]
    return Rows(items=items, next_cursor=sort.cursor_of(items[-1]) if len(found) > limit else None)


def _not_a_cursor() -> ValidationFailed:
    return ValidationFailed.of("query", "cursor", type="cursor", msg="not a cursor of this list in this order")
