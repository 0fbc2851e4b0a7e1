"""Account models as applications have them: other keys, other names, other schemas."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Integer, MetaData, String, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from fastapi_beyond_crud import (
    AccountMixin,
    RevocationMixin,
    RoleGrantMixin,
    SessionMixin,
    UserMixin,
    companions,
)


def own_base(**options: Any) -> type[DeclarativeBase]:
    """A declarative base with a metadata of its own."""
    base: type[DeclarativeBase] = type("Base", (DeclarativeBase,), {"metadata": MetaData(**options)})
    return base


class UuidBase(DeclarativeBase): ...


class UuidAccount(UserMixin, UuidBase):
    __tablename__ = "uuid_accounts"


class IntBase(DeclarativeBase): ...


class IntAccount(AccountMixin, IntBase):
    __tablename__ = "int_accounts"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)


class BigintBase(DeclarativeBase): ...


class BigintAccount(AccountMixin, BigintBase):
    __tablename__ = "bigint_accounts"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)


class TextBase(DeclarativeBase): ...


class TextAccount(AccountMixin, TextBase):
    __tablename__ = "text_accounts"
    id: Mapped[str] = mapped_column(
        String(40), primary_key=True, default=lambda: f"\u00fcser {secrets.token_hex(8)} \U0001f511"
    )


class RenamedBase(DeclarativeBase): ...


class RenamedAccount(AccountMixin, RenamedBase):
    """A table that was there before: no column is called as the attribute is."""

    __tablename__ = "people"
    id: Mapped[int] = mapped_column("person_no", primary_key=True)
    email: Mapped[str] = mapped_column("mail", String(254), unique=True)
    hashed_password: Mapped[str | None] = mapped_column("pw", String(255))
    is_active: Mapped[bool] = mapped_column("enabled", default=True)
    is_verified: Mapped[bool] = mapped_column("mail ok", default=False)
    auth_version: Mapped[int] = mapped_column("select", default=1)
    cutoff_version: Mapped[int] = mapped_column("order", default=0)
    created_at: Mapped[datetime] = mapped_column("since", server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column("Changed", server_default=func.now())


class SchemaBase(DeclarativeBase):
    metadata = MetaData(schema="auth app")


class SchemaAccount(UserMixin, SchemaBase):
    """In a schema of its own, whose name needs quotes."""

    __tablename__ = "users"


class NamedBase(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class NamedAccount(UserMixin, NamedBase):
    __tablename__ = "order"


class OwnBase(DeclarativeBase): ...


class OwnAccount(UserMixin, OwnBase):
    """With companion classes that the application declared itself."""

    __tablename__ = "own_accounts"


class OwnSession(SessionMixin, OwnBase):
    __tablename__ = "devices"
    __user_table__ = "own_accounts"
    label: Mapped[str | None]


class OwnGrant(RoleGrantMixin, OwnBase):
    __tablename__ = "memberships"
    __user_table__ = "own_accounts"


class OwnRevocation(RevocationMixin, OwnBase):
    __tablename__ = "withdrawn"


companions(OwnAccount, session=OwnSession, role_grant=OwnGrant, revocation=OwnRevocation)


class TouchedBase(DeclarativeBase): ...


class TouchedAccount(UserMixin, TouchedBase):
    """With columns that SQLAlchemy fills in by itself in every UPDATE."""

    __tablename__ = "touched_accounts"
    note: Mapped[str] = mapped_column(default="made", onupdate=lambda: "touched")
    secret_note: Mapped[str] = mapped_column(default="made", onupdate=lambda context: "touched")
    seen: Mapped[int] = mapped_column(server_default="0")


MODELS = [
    UuidAccount,
    IntAccount,
    BigintAccount,
    TextAccount,
    RenamedAccount,
    SchemaAccount,
    NamedAccount,
    OwnAccount,
    TouchedAccount,
]
