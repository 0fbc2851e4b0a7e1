"""What an account looks like from outside. Derive your own models from these."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, WithJsonSchema, field_validator

from fastapi_beyond_crud.core.errors import ConfigurationError
from fastapi_beyond_crud.core.identifiers import EMAIL_MAX_LENGTH, canonical_email, is_storable

PASSWORD_MAX_LENGTH = 1024

PROTECTED = frozenset(
    {
        "id",
        "email",
        "password",
        "hashed_password",
        "is_active",
        "is_verified",
        "auth_version",
        "cutoff_version",
        "created_at",
        "updated_at",
        "roles",
    }
)
"""What no one changes about an account by naming it in a body: each has a route of its own, or none."""


def _storable(text: str) -> str:
    if not is_storable(text):
        raise ValueError("contains characters that cannot be stored")
    return text


CleanText = Annotated[str, AfterValidator(_storable)]
"""Text without control characters (tab and line breaks are let through) and without lone surrogates."""

EmailAddress = Annotated[
    str,
    AfterValidator(canonical_email),
    WithJsonSchema({"type": "string", "format": "email", "maxLength": EMAIL_MAX_LENGTH}),
]
"""An address in canonical form; other spellings of the same come out as this one."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="after")
    @classmethod
    def _only_storable(cls, value: Any) -> Any:
        return _storable(value) if isinstance(value, str) else value


class UserCreate(_Strict):
    """The body of a registration. Add your own fields; members that are not declared are refused."""

    email: EmailAddress
    password: Annotated[SecretStr, Field(max_length=PASSWORD_MAX_LENGTH)]


class UserUpdate(_Strict):
    """The body of ``PATCH /auth/me``. Empty as it is; declare the fields that people may change themselves.

    Fields that are left out stay as they are; an explicit ``null`` is stored as NULL.
    """


class UserRead(BaseModel):
    """An account, as its owner and administrators see it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID | int | str
    email: str
    is_active: bool
    is_verified: bool
    roles: list[str]
    """Names of the roles that are in force."""
    created_at: datetime


def own_fields(model: type[BaseModel], base: type[BaseModel]) -> frozenset[str]:
    """The fields that a model of yours adds.

    Raises:
        ConfigurationError: It does not derive from ``base``, lets undeclared members in, or adds a field
            that decides about rights.
    """
    if not issubclass(model, base):
        raise ConfigurationError(f"{model.__name__} must derive from {base.__name__}.")
    if model.model_config.get("extra") != "forbid":
        raise ConfigurationError(f"{model.__name__} must keep extra='forbid'.")
    added = frozenset(model.model_fields) - frozenset(base.model_fields)
    if clash := added & PROTECTED:
        raise ConfigurationError(f"{model.__name__} must not have {', '.join(sorted(clash))}.")
    return added
