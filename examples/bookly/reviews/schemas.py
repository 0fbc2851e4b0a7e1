"""What a review looks like from outside."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from examples.bookly.fields import may_be_left_out
from examples.bookly.users.schemas import Person
from fastapi_beyond_crud import CleanText


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


# Strict: without it pydantic would take true for one star, and "5" for five.
Rating = Annotated[int, Field(ge=1, le=5, strict=True)]
ReviewText = Annotated[CleanText, Field(min_length=1, max_length=5_000), AfterValidator(_not_blank)]


class ReviewCreate(BaseModel):
    """The body of ``POST /books/{id}/reviews``."""

    model_config = ConfigDict(extra="forbid")

    rating: Rating
    text: ReviewText


class ReviewUpdate(BaseModel):
    """The body of ``PATCH /reviews/{id}``: what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    rating: Rating = may_be_left_out()
    text: ReviewText = may_be_left_out()


class ReviewRead(BaseModel):
    """A review and who wrote it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    book_id: UUID
    author: Person
    rating: int
    text: str
    created_at: datetime
    updated_at: datetime
