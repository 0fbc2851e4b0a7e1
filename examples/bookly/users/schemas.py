"""An account as its owner sees it, and as everybody else does."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

import fastapi_beyond_crud
from examples.bookly.fields import Line

Name = Annotated[Line, Field(min_length=1, max_length=100)]


class UserCreate(fastapi_beyond_crud.UserCreate):
    """The body of ``POST /auth/register``."""

    name: Name | None = None


class UserUpdate(fastapi_beyond_crud.UserUpdate):
    """The body of ``PATCH /auth/me``."""

    name: Name | None = None


class UserRead(fastapi_beyond_crud.UserRead):
    """The answer of ``GET /auth/me``."""

    name: str | None


class Person(BaseModel):
    """What others may know of a user. The e-mail address is not among it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str | None
