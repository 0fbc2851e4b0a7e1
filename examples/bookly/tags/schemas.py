"""What a tag looks like from outside."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from examples.bookly.fields import Line
from examples.bookly.text import folded

NAME_MAX_LENGTH = 50


def normalised(name: str) -> str:
    """The one spelling of a tag: "Sci-Fi", "sci-fi" and the same in full-width letters are one tag.

    Raises:
        ValueError: The spelling is too long; case folding can make a text longer.
    """
    spelling = folded(name)
    if not 1 <= len(spelling) <= NAME_MAX_LENGTH:
        raise ValueError(f"must have 1 to {NAME_MAX_LENGTH} characters")
    return spelling


TagName = Annotated[Line, Field(min_length=1, max_length=NAME_MAX_LENGTH), AfterValidator(normalised)]


class TagBody(BaseModel):
    """The body of ``POST /tags`` and ``PATCH /tags/{id}``."""

    model_config = ConfigDict(extra="forbid")

    name: TagName


class BookTagsBody(BaseModel):
    """The body of ``POST /books/{id}/tags``. Tags that do not exist yet are made."""

    model_config = ConfigDict(extra="forbid")

    names: Annotated[list[TagName], Field(min_length=1, max_length=20)]


class TagRead(BaseModel):
    """A tag."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
