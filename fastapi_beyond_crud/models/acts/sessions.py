"""Acts on sessions: open, list, end."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Integer,
    LargeBinary,
    Text,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import INTERVAL, JSONB

from fastapi_beyond_crud.connections.postgres import Executor
from fastapi_beyond_crud.core.buckets import RevocationEntry
from fastapi_beyond_crud.models.acts.pieces import NOW, end_sessions, read_entry
from fastapi_beyond_crud.models.companions import Companions, columns_of, lean_table_of

PURGE_BATCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A session that has just begun. The moments are the database's."""

    session_id: UUID
    created_at: datetime
    expires_at: datetime
    absolute_expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """A live session, as its owner sees it in the list."""

    id: UUID
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ip: str | None
    user_agent: str | None


class SessionActs:
    """The statements on sessions, for one account model. See `SpendAct` for refreshing."""

    def __init__(self, models: Companions) -> None:
        session, table = columns_of(models.session), lean_table_of(models.session)
        owner = bindparam("p_user_id", type_=session.user_id.type)
        this = bindparam("p_sid", type_=session.id.type)
        lives = [session.ended_at.is_(None), session.expires_at > NOW]
        newest_first = [session.created_at.desc(), session.id.desc()]
        self._open = _opening(models)
        self._list = (
            select(
                session.id.label("id"),
                session.created_at.label("created_at"),
                session.last_seen_at.label("last_seen_at"),
                session.expires_at.label("expires_at"),
                session.ip.label("ip"),
                session.user_agent.label("user_agent"),
            )
            .where(session.user_id == owner, *lives)
            .order_by(*newest_first)
        )
        beyond_cap = (
            select(session.id)
            .where(session.user_id == owner, *lives)
            .order_by(*newest_first)
            .offset(bindparam("p_cap", type_=Integer))
            .scalar_subquery()
        )
        self._end_oldest = end_sessions(models, session.id.in_(beyond_cap))
        self._end_one = end_sessions(models, (session.id == this) & (session.user_id == owner))
        self._end_others = end_sessions(models, (session.id != this) & (session.user_id == owner))
        self._end_family = end_sessions(models, session.family_hash == bindparam("p_family", type_=LargeBinary))
        self._close_all = (
            update(table)
            .where(session.user_id == owner, session.ended_at.is_(None))
            .values({session.ended_at: NOW, session.end_reason: bindparam("p_reason", type_=Text)})
        )
        over = select(session.id).where(
            or_(
                session.ended_at < NOW - bindparam("p_kept", type_=INTERVAL),
                session.absolute_expires_at < NOW - bindparam("p_kept", type_=INTERVAL),
            )
        )
        self._purge = delete(table).where(session.id.in_(over.limit(PURGE_BATCH).with_for_update(skip_locked=True)))

    async def open(
        self,
        on: Executor,
        user_id: Any,
        *,
        session_id: UUID,
        seen_version: int,
        family_hash: bytes,
        current_hash: bytes,
        idle: timedelta,
        absolute: timedelta,
        ip: str | None,
        user_agent: str | None,
        amr: tuple[str, ...],
    ) -> Opened | None:
        """Open a session, unless the account is switched off or has changed since it was read.

        One statement. It locks the account's row and looks at it again, so that a disable, a change of
        password or a log-out of everything that came in between wins, and log-ins of one account follow one
        another (which is what keeps their number under the cap).

        Args:
            seen_version: The ``auth_version`` that was read together with the password hash.
        """
        values = {
            "p_user_id": user_id,
            "p_sid": session_id,
            "p_seen": seen_version,
            "p_family": family_hash,
            "p_current": current_hash,
            "p_idle": idle,
            "p_absolute": absolute,
            "p_ip": ip,
            "p_user_agent": user_agent,
            "p_amr": list(amr),
        }
        row = (await on.execute(self._open, values)).one_or_none()
        if row is None:
            return None
        return Opened(
            session_id=row.id,
            created_at=row.created_at,
            expires_at=row.expires_at,
            absolute_expires_at=row.absolute_expires_at,
        )

    async def live(self, on: Executor, user_id: Any) -> list[SessionFacts]:
        """The account's live sessions, the newest first."""
        rows = await on.execute(self._list, {"p_user_id": user_id})
        return [
            SessionFacts(
                id=row.id,
                created_at=row.created_at,
                last_seen_at=row.last_seen_at,
                expires_at=row.expires_at,
                ip=row.ip,
                user_agent=row.user_agent,
            )
            for row in rows
        ]

    async def end_one(
        self, on: Executor, user_id: Any, session_id: UUID, *, reason: str, life: timedelta
    ) -> list[RevocationEntry]:
        """End one live session of the account; an empty list if it has none of this id."""
        return await self._end(on, self._end_one, reason, life, p_user_id=user_id, p_sid=session_id)

    async def end_others(
        self, on: Executor, user_id: Any, session_id: UUID, *, reason: str, life: timedelta
    ) -> list[RevocationEntry]:
        """End all live sessions of the account but this one; an entry for each."""
        return await self._end(on, self._end_others, reason, life, p_user_id=user_id, p_sid=session_id)

    async def end_oldest(
        self, on: Executor, user_id: Any, *, cap: int, reason: str, life: timedelta
    ) -> list[RevocationEntry]:
        """End the oldest live sessions beyond ``cap``. Call it in the transaction that opened one."""
        return await self._end(on, self._end_oldest, reason, life, p_user_id=user_id, p_cap=cap)

    async def end_family(
        self, on: Executor, family_hash: bytes, *, reason: str, life: timedelta
    ) -> list[RevocationEntry]:
        """End the session that a refresh token of this family belongs to."""
        return await self._end(on, self._end_family, reason, life, p_family=family_hash)

    async def close_all(self, on: Executor, user_id: Any, *, reason: str) -> None:
        """Mark all live sessions of the account as ended, after a cut-off that made their tokens dead."""
        await on.execute(self._close_all, {"p_user_id": user_id, "p_reason": reason})

    async def purge(self, on: Executor, kept: timedelta) -> int:
        """Delete up to a thousand sessions that ended or ran out longer ago than ``kept``; how many."""
        result = await on.execute(self._purge, {"p_kept": kept})
        return int(getattr(result, "rowcount", 0))

    async def _end(
        self, on: Executor, statement: Any, reason: str, life: timedelta, **values: Any
    ) -> list[RevocationEntry]:
        rows = await on.execute(statement, {"p_reason": reason, "p_token_life": life, **values})
        return [read_entry(row) for row in rows]


def _opening(models: Companions) -> Any:
    session, user = columns_of(models.session), columns_of(models.user)
    absolute = NOW + bindparam("p_absolute", type_=INTERVAL)
    values: dict[Any, Any] = {
        session.id: bindparam("p_sid", type_=session.id.type),
        session.user_id: user.id,
        session.family_hash: bindparam("p_family", type_=LargeBinary),
        session.current_hash: bindparam("p_current", type_=LargeBinary),
        session.expires_at: NOW + bindparam("p_idle", type_=INTERVAL),
        session.absolute_expires_at: absolute,
        session.ip: bindparam("p_ip", type_=Text),
        session.user_agent: bindparam("p_user_agent", type_=Text),
        session.auth_time: NOW,
        session.created_at: NOW,
        session.last_seen_at: NOW,
        session.amr: bindparam("p_amr", type_=JSONB),
    }
    source = (
        select(*values.values())
        .where(
            user.id == bindparam("p_user_id", type_=user.id.type),
            user.is_active,
            user.auth_version == bindparam("p_seen", type_=Integer),
        )
        .with_for_update(key_share=True, of=lean_table_of(models.user))
    )
    return (
        insert(lean_table_of(models.session))
        .from_select(list(values), source)
        .returning(
            session.id.label("id"),
            session.created_at.label("created_at"),
            session.expires_at.label("expires_at"),
            session.absolute_expires_at.label("absolute_expires_at"),
        )
    )
