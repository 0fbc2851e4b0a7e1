"""What a book looks like from outside: one model for each direction.

No model is shared between "in" and "out", and none is made from the table: what a client may send, what it may see and
what is stored are three decisions.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from examples.bookly.fields import Line, may_be_left_out
from examples.bookly.reviews.schemas import ReviewRead
from examples.bookly.tags.schemas import TagRead
from examples.bookly.users.schemas import Person
from fastapi_beyond_crud import CleanText

ShortText = Annotated[Line, Field(min_length=1, max_length=200)]
PageCount = Annotated[int, Field(ge=1, le=100_000, strict=True)]
Language = Annotated[
    str, Field(pattern="^[a-z]{2}$", description="ISO 639-1: two lower-case letters.", examples=["en"])
]
Summary = Annotated[CleanText, Field(max_length=5_000)]


class BookCreate(BaseModel):
    """The body of ``POST /books``. Who owns the book is not among it: that is the caller."""

    model_config = ConfigDict(extra="forbid")

    title: ShortText
    author: ShortText
    published_on: date
    page_count: PageCount
    language: Language
    summary: Summary | None = None


class BookUpdate(BaseModel):
    """The body of ``PATCH /books/{id}``: absent means "as it was", null means "nothing there".

    Only the summary may be null, for only it may be missing from a book.
    """

    model_config = ConfigDict(extra="forbid")

    title: ShortText = may_be_left_out()
    author: ShortText = may_be_left_out()
    published_on: date = may_be_left_out()
    page_count: PageCount = may_be_left_out()
    language: Language = may_be_left_out()
    summary: Summary | None = may_be_left_out()


class BookRead(BaseModel):
    """A book in a list."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    title: str
    author: str
    published_on: date
    page_count: int
    language: str
    summary: str | None
    owner: Person
    tags: list[TagRead]
    created_at: datetime
    updated_at: datetime


class BookDetail(BookRead):
    """One book, with what readers think of it, the newest first."""

    reviews: list[ReviewRead]


class BookOrder(StrEnum):
    """The orders of a list of books. A leading minus turns one round."""

    NEWEST = "-created_at"
    OLDEST = "created_at"
    TITLE = "title"
    TITLE_DOWN = "-title"
    PUBLISHED = "published_on"
    PUBLISHED_DOWN = "-published_on"
