"""Spending a refresh token: every outcome in one statement."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, LargeBinary, Select, and_, bindparam, case, func, literal, not_, or_, select, update
from sqlalchemy.dialects.postgresql import INTERVAL

from fastapi_beyond_crud.connections.postgres import Executor
from fastapi_beyond_crud.core.buckets import RevocationEntry
from fastapi_beyond_crud.core.timed_roles import TimedRole
from fastapi_beyond_crud.models.acts.pieces import (
    NOW,
    grants_of,
    read_entry,
    read_grants,
    record_revocations,
    revoked_sessions,
)
from fastapi_beyond_crud.models.companions import Companions, columns_of, lean_table_of


class Spending(StrEnum):
    """What became of a refresh token that was shown."""

    ROTATED = "rotated"
    """It was the current one; the successor is in force now."""
    REPEATED = "repeated"
    """It is the immediate parent, inside the grace, and its child is unused: the same successor again."""
    REPLAYED = "refresh_replayed"
    """A genuine older token: a copy is about, so the session has ended."""
    INACTIVE = "user_inactive"
    """The account is switched off, so the session has ended."""
    UNVERIFIED = "email_not_verified"
    """The address counts as verified no longer, and has to be, so the session has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """The outcome, and the facts that the new pair is made from.

    Attributes:
        nonce: Makes the successor, together with the token that was shown.
        current_hash: SHA-256 of the secret that is in force now.
        at: The moment of the answer, by the clock of the database.
        revocation: What to push to the revocation backend, if the session has ended.
    """

    outcome: Spending
    session_id: UUID
    user_id: Any
    auth_version: int
    auth_time: datetime
    amr: tuple[str, ...]
    expires_at: datetime
    absolute_expires_at: datetime
    nonce: bytes | None
    current_hash: bytes
    at: datetime
    grants: tuple[TimedRole, ...]
    revocation: RevocationEntry | None


class SpendAct:
    """The one statement, for one account model."""

    def __init__(self, models: Companions) -> None:
        self._statement = _statement(models)

    async def spend(
        self,
        on: Executor,
        *,
        family_hash: bytes,
        shown_hash: bytes,
        next_hash: bytes,
        nonce: bytes,
        grace: timedelta,
        idle: timedelta,
        token_life: timedelta,
        needs_verified: bool,
    ) -> Spent | None:
        """Spend a refresh token; None if no live session has this family.

        Of N concurrent callers with the current token exactly one rotates. The others wait for the row, see
        the new version of it, and get the winner's nonce. A genuine token that is neither the current one
        nor its parent inside the grace ends the session, and the revocation is written in the same
        statement. Whoever knows the family holds a token of the session, so a wrong secret under a right
        family *is* an older token: no further proof is needed, and garbage ends nothing.

        Args:
            family_hash: SHA-256 of the token's family; likewise ``shown_hash`` of its secret.
            next_hash: SHA-256 of the secret that follows if this call rotates with ``nonce``.
            needs_verified: Whether only accounts with a verified address may refresh.
        """
        values = {
            "p_family": family_hash,
            "p_shown": shown_hash,
            "p_next": next_hash,
            "p_nonce": nonce,
            "p_grace": grace,
            "p_idle": idle,
            "p_token_life": token_life,
            "p_needs_verified": needs_verified,
        }
        row = (await on.execute(self._statement, values)).one_or_none()
        return None if row is None else _spent(row, nonce)


def _statement(models: Companions) -> Select[*tuple[Any, ...]]:
    session, user = columns_of(models.session), columns_of(models.user)
    family, shown, following, nonce = (
        bindparam(name, type_=LargeBinary) for name in ("p_family", "p_shown", "p_next", "p_nonce")
    )
    grace, idle = bindparam("p_grace", type_=INTERVAL), bindparam("p_idle", type_=INTERVAL)
    is_current = session.current_hash == shown
    # Had the child been used, it would be the previous one, and its parent would match neither column.
    is_parent = and_(session.previous_hash == shown, session.rotated_at > NOW - grace)
    is_fit = or_(user.is_verified, not_(bindparam("p_needs_verified", type_=Boolean)))
    rotates = and_(user.is_active, is_fit, is_current)
    stays = and_(user.is_active, is_fit, or_(is_current, is_parent))

    def if_rotated(new: Any, old: Any) -> Any:
        return case((rotates, new), else_=old)

    spent = (
        update(lean_table_of(models.session))
        .where(
            session.family_hash == family,
            session.ended_at.is_(None),
            session.expires_at > NOW,
            session.absolute_expires_at > NOW,
            user.id == session.user_id,
        )
        .values(
            {
                session.previous_hash: if_rotated(shown, session.previous_hash),
                session.current_hash: if_rotated(following, session.current_hash),
                session.nonce: if_rotated(nonce, session.nonce),
                session.generation: if_rotated(session.generation + 1, session.generation),
                session.rotated_at: if_rotated(NOW, session.rotated_at),
                session.last_seen_at: if_rotated(NOW, session.last_seen_at),
                session.expires_at: if_rotated(func.least(NOW + idle, session.absolute_expires_at), session.expires_at),
                session.ended_at: case((stays, None), else_=NOW),
                session.end_reason: case(
                    (stays, None),
                    (not_(user.is_active), literal(Spending.INACTIVE.value)),
                    (not_(is_fit), literal(Spending.UNVERIFIED.value)),
                    else_=literal(Spending.REPLAYED.value),
                ),
            }
        )
        .returning(
            session.id.label("id"),
            session.user_id.label("user_id"),
            session.nonce.label("nonce"),
            session.current_hash.label("current_hash"),
            session.end_reason.label("end_reason"),
            session.expires_at.label("expires_at"),
            session.absolute_expires_at.label("absolute_expires_at"),
            session.auth_time.label("auth_time"),
            session.amr.label("amr"),
            user.auth_version.label("auth_version"),
        )
        .cte("spent")
    )
    told = record_revocations(models, revoked_sessions(spent, spent.c.end_reason.is_not(None)), "told")
    return (
        select(spent, NOW.label("at"), grants_of(models, spent.c.user_id).label("grants"), told)
        .select_from(spent.outerjoin(told, literal(True)))
        .add_cte(spent)
    )


def _spent(row: Any, nonce: bytes) -> Spent:
    if row.end_reason is not None:
        outcome = Spending(row.end_reason)
    else:
        outcome = Spending.ROTATED if row.nonce == nonce else Spending.REPEATED
    return Spent(
        outcome=outcome,
        session_id=row.id,
        user_id=row.user_id,
        auth_version=row.auth_version,
        auth_time=row.auth_time,
        amr=tuple(row.amr),
        expires_at=row.expires_at,
        absolute_expires_at=row.absolute_expires_at,
        nonce=row.nonce,
        current_hash=row.current_hash,
        at=row.at,
        grants=read_grants(row.grants),
        revocation=None if row.bucket is None else read_entry(row),
    )
