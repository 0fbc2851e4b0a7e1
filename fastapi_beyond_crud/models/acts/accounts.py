"""Acts on accounts: find, change a password, cut off."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, Text, and_, bindparam, cast, false, literal, select, true, update

from fastapi_beyond_crud.connections.postgres import Executor
from fastapi_beyond_crud.core.buckets import RevocationEntry
from fastapi_beyond_crud.core.timed_roles import TimedRole
from fastapi_beyond_crud.models.acts.pieces import (
    NOW,
    bucket,
    grants_of,
    read_entry,
    read_grants,
    record_revocations,
)
from fastapi_beyond_crud.models.companions import Companions, columns_of, lean_table_of


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """An account as far as authentication needs it, read in one statement."""

    id: Any
    email: str
    hashed_password: str | None
    is_active: bool
    is_verified: bool
    auth_version: int
    cutoff_version: int
    grants: tuple[TimedRole, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the source of truth says now about an account, and about one of its sessions if that was asked."""

    is_active: bool
    auth_version: int
    cutoff_version: int
    session_lives: bool
    grants: tuple[TimedRole, ...]


class AccountActs:
    """The statements on accounts, for one account model."""

    def __init__(self, models: Companions) -> None:
        user, session = columns_of(models.user), columns_of(models.session)
        key = bindparam("p_id", type_=user.id.type)
        facts = select(
            user.id.label("id"),
            user.email.label("email"),
            user.hashed_password.label("hashed_password"),
            user.is_active.label("is_active"),
            user.is_verified.label("is_verified"),
            user.auth_version.label("auth_version"),
            user.cutoff_version.label("cutoff_version"),
            grants_of(models, user.id).label("grants"),
        )
        self._by_email = facts.where(user.email == bindparam("p_email", type_=Text))
        self._by_id = facts.where(user.id == key)
        lives = and_(session.ended_at.is_(None), session.absolute_expires_at > NOW)
        standing = select(
            user.is_active.label("is_active"),
            user.auth_version.label("auth_version"),
            user.cutoff_version.label("cutoff_version"),
            grants_of(models, user.id).label("grants"),
        )
        self._standing = standing.add_columns(literal(True).label("lives")).where(user.id == key)
        self._standing_of_session = standing.add_columns(lives.label("lives")).where(
            user.id == key, session.id == bindparam("p_sid", type_=session.id.type), session.user_id == user.id
        )
        table = lean_table_of(models.user)
        change = update(table).where(user.id == key).values({user.updated_at: NOW})
        kept = user.hashed_password == bindparam("p_kept", type_=Text)
        new_hash = {user.hashed_password: bindparam("p_hashed", type_=Text)}
        self._rehash = change.where(kept).values(new_hash).returning(user.id)
        self._set_password = (
            change.where(kept)
            .values({**new_hash, user.auth_version: user.auth_version + 1})
            .returning(user.auth_version)
        )
        next_version = user.auth_version + 1
        self._cut_off = _moved(
            models, change.values({user.auth_version: next_version, user.cutoff_version: next_version})
        )
        self._disable = _moved(
            models,
            change.values(
                {user.is_active: false(), user.auth_version: next_version, user.cutoff_version: next_version}
            ),
        )
        self._enable = _moved(
            models,
            change.where(user.is_active.is_(False)).values({user.is_active: true(), user.auth_version: next_version}),
        )
        self._rights_changed = _moved(models, change.values({user.auth_version: next_version}))
        self._inactive = (
            select(user.id)
            .join(lean_table_of(models.session), session.user_id == user.id)
            .where(user.is_active.is_(False), session.ended_at.is_(None), session.expires_at > NOW)
            .distinct()
            .limit(500)
        )

    async def by_email(self, on: Executor, email: str) -> AccountFacts | None:
        """The account with this canonical address."""
        return _facts((await on.execute(self._by_email, {"p_email": email})).one_or_none())

    async def by_id(self, on: Executor, user_id: Any) -> AccountFacts | None:
        """The account with this key."""
        return _facts((await on.execute(self._by_id, {"p_id": user_id})).one_or_none())

    async def standing(self, on: Executor, user_id: Any, session_id: Any = None) -> Standing | None:
        """What holds now for the account, and for its session if one is named; None if either is gone."""
        if session_id is None:
            result = await on.execute(self._standing, {"p_id": user_id})
        else:
            result = await on.execute(self._standing_of_session, {"p_id": user_id, "p_sid": session_id})
        row = result.one_or_none()
        if row is None:
            return None
        return Standing(
            is_active=row.is_active,
            auth_version=row.auth_version,
            cutoff_version=row.cutoff_version,
            session_lives=row.lives,
            grants=read_grants(row.grants),
        )

    async def rehash(self, on: Executor, user_id: Any, *, kept: str, hashed: str) -> bool:
        """Store the same password under better parameters; False if it was changed meanwhile."""
        result = await on.execute(self._rehash, {"p_id": user_id, "p_kept": kept, "p_hashed": hashed})
        return result.one_or_none() is not None

    async def set_password(self, on: Executor, user_id: Any, *, kept: str, hashed: str) -> int | None:
        """Replace a password; the new ``auth_version``, or None if another change was first.

        A log-in with the old password that is under way finds another ``auth_version`` and opens nothing.
        """
        result = await on.execute(self._set_password, {"p_id": user_id, "p_kept": kept, "p_hashed": hashed})
        version: int | None = result.scalar_one_or_none()
        return version

    async def cut_off(self, on: Executor, user_id: Any, life: timedelta) -> RevocationEntry | None:
        """Make every access token issued so far dead. None if there is no such account.

        End the sessions in a second statement of the same transaction: it sees those that a log-in opened
        while this one waited for the row.
        """
        return await self._move(on, self._cut_off, user_id, life)

    async def disable(self, on: Executor, user_id: Any, life: timedelta) -> RevocationEntry | None:
        """Switch the account off, and cut it off as `cut_off` does."""
        return await self._move(on, self._disable, user_id, life)

    async def enable(self, on: Executor, user_id: Any, life: timedelta) -> RevocationEntry | None:
        """Switch the account on again; None if it was on. Old tokens stay dead."""
        return await self._move(on, self._enable, user_id, life)

    async def rights_changed(self, on: Executor, user_id: Any, life: timedelta) -> RevocationEntry | None:
        """Move the version on: tokens issued so far live, and their roles are read again.

        It also locks the account's row, so that two changes of its grants follow one another.
        """
        return await self._move(on, self._rights_changed, user_id, life)

    async def inactive_with_sessions(self, on: Executor) -> list[Any]:
        """Keys of accounts that are switched off and still have live sessions: a change made by hand."""
        return list((await on.execute(self._inactive)).scalars())

    async def _move(self, on: Executor, statement: Any, user_id: Any, life: timedelta) -> RevocationEntry | None:
        row = (await on.execute(statement, {"p_id": user_id, "p_token_life": life})).one_or_none()
        return None if row is None else read_entry(row)


def _moved(models: Companions, change: Any) -> Any:
    """A change of an account that also records its new version and cut-off, as one statement."""
    user = columns_of(models.user)
    moved = change.returning(
        user.id.label("id"), user.auth_version.label("av"), user.cutoff_version.label("cutoff")
    ).cte("moved")
    source = select(bucket(moved.c.id), literal("u:") + cast(moved.c.id, Text), moved.c.cutoff, moved.c.av)
    return select(record_revocations(models, source, "told")).add_cte(moved)


def _facts(row: Row[*tuple[Any, ...]] | None) -> AccountFacts | None:
    if row is None:
        return None
    return AccountFacts(
        id=row.id,
        email=row.email,
        hashed_password=row.hashed_password,
        is_active=row.is_active,
        is_verified=row.is_verified,
        auth_version=row.auth_version,
        cutoff_version=row.cutoff_version,
        grants=read_grants(row.grants),
    )
