"""Pieces of SQL that several acts share."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Float,
    Integer,
    LargeBinary,
    Row,
    Select,
    SmallInteger,
    Text,
    bindparam,
    cast,
    extract,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import INTERVAL, JSONB, insert

from fastapi_beyond_crud.core.buckets import RevocationEntry
from fastapi_beyond_crud.core.timed_roles import TimedRole
from fastapi_beyond_crud.models.companions import Companions, columns_of, lean_table_of

# Not now(): a statement that waited for a row lock must not judge with the clock of its beginning.
NOW = func.clock_timestamp()

# Parameters begin with p_: an UPDATE would take one that is named like a column for a value to set.
TOKEN_LIFE = bindparam("p_token_life", type_=INTERVAL)
"""How long an access token that was issued a moment ago can live, leeway included (a timedelta)."""


def bucket(user_id: ColumnElement[Any]) -> ColumnElement[int]:
    """The bucket of an account, as `core.buckets.bucket_of` computes it."""
    digest = func.sha256(func.convert_to(cast(user_id, Text), "UTF8"), type_=LargeBinary)
    return cast(func.get_byte(digest, 0), SmallInteger)


def grants_of(models: Companions, user_id: ColumnElement[Any]) -> ColumnElement[Any]:
    """The account's unscoped grants that are not over yet: a JSON list of [role, from, until] (epoch seconds)."""
    grant = columns_of(models.role_grant)
    one = func.jsonb_build_array(grant.role, extract("epoch", grant.valid_from), extract("epoch", grant.valid_until))
    return (
        select(func.coalesce(func.jsonb_agg(one, type_=JSONB), literal([], JSONB)))
        .where(
            grant.user_id == user_id,
            grant.scope.is_(None),
            or_(grant.valid_until.is_(None), grant.valid_until > NOW),
        )
        .scalar_subquery()
    )


def read_grants(rows: Sequence[Sequence[Any]]) -> tuple[TimedRole, ...]:
    """What `grants_of` selected, as values."""
    return tuple(TimedRole(role=role, valid_from=begins, valid_until=ends) for role, begins, ends in rows)


def record_revocations(models: Companions, source: Select[*tuple[Any, ...]], name: str) -> CTE:
    """An upsert of revocations by maximum, as a part of another statement.

    Args:
        source: Gives bucket, subject, cutoff and av, in this order.
        name: The name of the CTE.
    """
    table, mine = lean_table_of(models.revocation), columns_of(models.revocation)
    full = source.add_columns(NOW + TOKEN_LIFE, NOW)
    statement = insert(table).from_select(
        [mine.bucket, mine.subject, mine.cutoff, mine.av, mine.until, mine.changed_at], full
    )
    new = statement.excluded
    return (
        statement.on_conflict_do_update(
            index_elements=[mine.bucket, mine.subject],
            set_={
                mine.cutoff: func.greatest(mine.cutoff, new[mine.cutoff.name]),
                mine.av: func.greatest(mine.av, new[mine.av.name]),
                mine.until: func.greatest(mine.until, new[mine.until.name]),
                mine.changed_at: new[mine.changed_at.name],
            },
        )
        .returning(*entry_columns(models))
        .cte(name)
    )


def entry_columns(models: Companions) -> list[ColumnElement[Any]]:
    """The columns of a revocation, in the order that `read_entry` takes."""
    mine = columns_of(models.revocation)
    return [
        mine.bucket.label("bucket"),
        mine.subject.label("subject"),
        mine.cutoff.label("cutoff"),
        mine.av.label("av"),
        cast(func.ceil(extract("epoch", mine.until)), Float).label("until"),
    ]


def read_entry(row: Row[*tuple[Any, ...]]) -> RevocationEntry:
    """A selected revocation as a value."""
    return RevocationEntry(
        bucket=row.bucket, subject=row.subject, cutoff=row.cutoff, version=row.av, until=int(row.until)
    )


def end_sessions(models: Companions, condition: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """End the live sessions that meet the condition, and record each as revoked, in one statement.

    Parameters of the statement: ``p_reason`` (text), ``p_token_life`` (timedelta), and those of the condition.
    """
    session = columns_of(models.session)
    ended = (
        update(lean_table_of(models.session))
        .where(session.ended_at.is_(None), condition)
        .values({session.ended_at: NOW, session.end_reason: bindparam("p_reason", type_=Text)})
        .returning(session.id.label("id"), session.user_id.label("user_id"))
        .cte("ended")
    )
    told = record_revocations(models, revoked_sessions(ended), "told")
    return select(told).add_cte(ended)


def revoked_sessions(ended: CTE, *conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """The revocation rows for the sessions in ``ended`` (its columns ``id`` and ``user_id``)."""
    return select(
        bucket(ended.c.user_id),
        literal("s:") + cast(ended.c.id, Text),
        literal(0, Integer),
        literal(0, Integer),
    ).where(*conditions)


def token_life(access: timedelta, leeway: timedelta) -> timedelta:
    """How long a revocation must be remembered: an access token's life, twice the leeway, and a minute.

    The minute covers the difference between the clocks of the database and of the application.
    """
    return access + 2 * leeway + timedelta(minutes=1)
