"""Acts on revocations: what rebuilds Redis and what the sweeper repeats."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Integer, String, bindparam, delete, select, tuple_
from sqlalchemy.dialects.postgresql import INTERVAL

from fastapi_beyond_crud.connections.postgres import Executor
from fastapi_beyond_crud.core.buckets import RevocationEntry
from fastapi_beyond_crud.models.acts.pieces import NOW, entry_columns, read_entry
from fastapi_beyond_crud.models.companions import Companions, columns_of, lean_table_of

PART = 10_000
"""Rows that one statement reads at most where all are read."""


class RevocationActs:
    """The statements on revocations, for one account model."""

    def __init__(self, models: Companions) -> None:
        mine = columns_of(models.revocation)
        live = select(*entry_columns(models)).where(mine.until > NOW)
        place = tuple_(mine.bucket, mine.subject)
        after = tuple_(bindparam("p_bucket", type_=Integer), bindparam("p_subject", type_=String))
        self._part = live.where(place > after).order_by(mine.bucket, mine.subject).limit(PART)
        self._bucket = live.where(mine.bucket == bindparam("p_bucket", type_=Integer))
        self._changed = live.where(mine.changed_at > NOW - bindparam("p_window", type_=INTERVAL))
        self._purge = delete(lean_table_of(models.revocation)).where(mine.until < NOW - timedelta(hours=1))

    async def all(self, on: Executor) -> Sequence[RevocationEntry]:
        """Every revocation that still matters.

        Read in parts, in the order of the primary key: however many there are, no statement takes long. What is
        written meanwhile may be missing.
        """
        found: list[RevocationEntry] = []
        bucket, subject = -1, ""
        while True:
            rows = await on.execute(self._part, {"p_bucket": bucket, "p_subject": subject})
            part = [read_entry(row) for row in rows]
            found += part
            if len(part) < PART:
                return found
            bucket, subject = part[-1].bucket, part[-1].subject

    async def of_bucket(self, on: Executor, bucket: int) -> Sequence[RevocationEntry]:
        """Every revocation of one bucket that still matters."""
        return [read_entry(row) for row in await on.execute(self._bucket, {"p_bucket": bucket})]

    async def changed_within(self, on: Executor, window: timedelta) -> Sequence[RevocationEntry]:
        """What was written within the window, by the clock of the database."""
        return [read_entry(row) for row in await on.execute(self._changed, {"p_window": window})]

    async def purge(self, on: Executor) -> None:
        """Delete what no living token can ask about any more."""
        await on.execute(self._purge)
