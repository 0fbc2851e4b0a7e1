"""The tables that stand beside the table of accounts."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Integer, SmallInteger, String, Table, TableClause, Uuid, column, inspect
from sqlalchemy import table as lean
from sqlalchemy.orm import Mapper

from fastapi_beyond_crud.core.errors import ConfigurationError
from fastapi_beyond_crud.models.revocation import RevocationMixin
from fastapi_beyond_crud.models.role_grant import RoleGrantMixin
from fastapi_beyond_crud.models.session import SessionMixin

_KEPT = "fastapi_beyond_crud"
_LEAN = "fastapi_beyond_crud.lean"
_MIXINS: dict[str, type] = {"session": SessionMixin, "role_grant": RoleGrantMixin, "revocation": RevocationMixin}
_INT64_DIGITS = 19


@dataclass(frozen=True, slots=True, kw_only=True)
class Companions:
    """The mapped classes that belong together: your accounts, and what the library keeps about them."""

    user: type[Any]
    session: type[Any]
    role_grant: type[Any]
    revocation: type[Any]

    @property
    def tables(self) -> tuple[Table, ...]:
        """Their tables, the accounts first."""
        return tuple(table_of(model) for model in (self.user, self.session, self.role_grant, self.revocation))


def companions(
    user: type[Any],
    *,
    session: type[Any] | None = None,
    role_grant: type[Any] | None = None,
    revocation: type[Any] | None = None,
) -> Companions:
    """The companion classes of an account model: yours where given, else declared now.

    They are declared on the registry of ``user``, with its key type and its schema, and named after its
    table: ``users`` gets ``user_sessions``, ``user_role_grants`` and ``user_revocations``. Calling it again
    gives the same classes. Call it in the module of your models, so that Alembic's autogenerate sees the
    tables wherever it sees the model; ``Auth(User)`` calls it too.

    Args:
        user: A mapped class that uses `UserMixin` or `AccountMixin`.
        session: Your own class from `SessionMixin`; likewise the other two.

    Raises:
        ConfigurationError: ``user`` is not mapped, has no single key called ``id``, or one of your own
            classes is on another metadata, or comes after others were declared.
    """
    table = _account_table(user)
    kept: dict[str, type[Any]] = _notes_on(table, _KEPT)
    given = {"session": session, "role_grant": role_grant, "revocation": revocation}
    for name, own in given.items():
        if own is not None:
            _adopt(own, name, user, kept)
        elif name not in kept:
            kept[name] = _declare(name, user, table)
    return Companions(user=user, **kept)


def table_of(model: type[Any]) -> Table:
    """The table of a mapped class."""
    local = _mapper(model).local_table
    if not isinstance(local, Table):
        raise ConfigurationError(f"{model.__name__} is not mapped to one table.")
    return local


def lean_table_of(model: type[Any]) -> TableClause:
    """The table of a mapped class, without anything that SQLAlchemy adds to statements by itself.

    In an UPDATE inside of another statement a column with ``onupdate=some_function``, such as an account
    model may have, would be set to NULL. The acts say all that they write.
    """
    table = table_of(model)
    notes = _notes_on(table, _LEAN)
    if "table" not in notes:
        columns = (column(one.name, one.type) for one in table.columns)
        notes["table"] = lean(table.name, *columns, schema=table.schema)
    found: TableClause = notes["table"]
    return found


def columns_of(model: type[Any]) -> Any:
    """The columns of `lean_table_of`, by the names of the model's attributes."""
    columns = lean_table_of(model).columns
    return SimpleNamespace(**{name: columns[one.name] for name, one in _mapper(model).columns.items()})


def key_reader(user: type[Any]) -> Callable[[str], Any]:
    """A function that reads the account's key from text, as it stands in a token or a path.

    It raises ValueError for what is not exactly the canonical spelling, so that one account has one name.
    """
    kind = columns_of(user).id.type
    if isinstance(kind, Uuid):
        return _read_uuid
    if isinstance(kind, Integer):
        return partial(_read_int, bound=_bound_of(kind))
    if isinstance(kind, String):
        return _read_text
    raise ConfigurationError(f"{user.__name__}.id must be a UUID, an integer or a text, not {kind}.")


def _read_uuid(text: str) -> UUID:
    key = UUID(text)
    if str(key) != text:
        raise ValueError("not a canonical UUID")
    return key


def _read_int(text: str, *, bound: int) -> int:
    if len(text) > _INT64_DIGITS or not (text.isascii() and text.isdigit()) or str(int(text)) != text:
        raise ValueError("not a canonical integer")
    if int(text) >= bound:
        raise ValueError("out of range")
    return int(text)


def _bound_of(kind: Integer) -> int:
    """The first number that the column cannot hold: the driver refuses to send it."""
    bits = 63 if isinstance(kind, BigInteger) else 15 if isinstance(kind, SmallInteger) else 31
    return 1 << bits


def _read_text(text: str) -> str:
    if not text or len(text) > 255 or not text.isprintable():
        raise ValueError("not a usable key")
    return text


def _notes_on(table: Table, name: str) -> dict[str, Any]:
    """What was found out about a table, kept beside it.

    Not in ``table.info``: Alembic writes that into the migrations that it generates.
    """
    notes: dict[str, Any] = table.metadata.info.setdefault(name, {}).setdefault(table.key, {})
    return notes


def _mapper(model: type[Any]) -> Mapper[Any]:
    mapper = inspect(model, raiseerr=False)
    if not isinstance(mapper, Mapper):
        raise ConfigurationError(f"{model.__name__} is not a mapped class.")
    return mapper


def _account_table(user: type[Any]) -> Table:
    mapper = _mapper(user)
    missing = {"id", "email", "hashed_password", "auth_version", "cutoff_version"} - set(mapper.columns.keys())
    if missing:
        raise ConfigurationError(
            f"{user.__name__} lacks {', '.join(sorted(missing))}: derive it from UserMixin, or from AccountMixin "
            "with a key of your own called 'id'."
        )
    if [column.key for column in mapper.primary_key] != [mapper.columns["id"].key]:
        raise ConfigurationError(f"The primary key of {user.__name__} must be the one column 'id'.")
    return table_of(user)


def _adopt(own: type[Any], name: str, user: type[Any], kept: dict[str, type[Any]]) -> None:
    if table_of(own).metadata is not table_of(user).metadata:
        raise ConfigurationError(f"{own.__name__} is on another metadata than {user.__name__}.")
    if kept.setdefault(name, own) is not own:
        raise ConfigurationError(
            f"{user.__name__} already has {kept[name].__name__} for '{name}'. Pass your own class at the first call."
        )


def _declare(name: str, user: type[Any], table: Table) -> type[Any]:
    title = name.title().replace("_", "")
    body: dict[str, Any] = {
        "__tablename__": f"{table.name.removesuffix('s')}_{name}s",
        "__user_table__": table.fullname,
        "__user_key__": _mapper(user).columns["id"].name,
        "__module__": user.__module__,
        "__table_args__": {"schema": table.schema} if table.schema else {},
    }
    declared: type[Any] = _mapper(user).registry.mapped(type(f"{user.__name__}{title}", (_MIXINS[name],), body))
    return declared
