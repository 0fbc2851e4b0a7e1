"""A stand-in for the table in PostgreSQL: what the backend may ask for, and what a test may do to it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from fastapi_beyond_crud.core.buckets import RevocationEntry
from fastapi_beyond_crud.core.errors import Unavailable


class Table:
    """Entries that outlive every Redis. It can be slow, and it can be away."""

    def __init__(self) -> None:
        self.rows: dict[tuple[int, str], RevocationEntry] = {}
        self.delay_seconds = 0.0
        self.away = False
        self.loads = 0
        self.loading = 0
        self.most_at_once = 0
        self.before_answer: Callable[[int], Awaitable[None]] | None = None

    def commit(self, *entries: RevocationEntry) -> None:
        for new in entries:
            old = self.rows.get((new.bucket, new.subject), new)
            self.rows[new.bucket, new.subject] = RevocationEntry(
                bucket=new.bucket,
                subject=new.subject,
                cutoff=max(old.cutoff, new.cutoff),
                version=max(old.version, new.version),
                until=max(old.until, new.until),
            )

    async def load(self, bucket: int) -> Sequence[RevocationEntry]:
        self.loads += 1
        self.loading += 1
        self.most_at_once = max(self.most_at_once, self.loading)
        try:
            if self.away:
                raise Unavailable("the database is away")
            seen = [entry for (number, _), entry in self.rows.items() if number == bucket]
            # The answer is on its way while the world goes on.
            await asyncio.sleep(self.delay_seconds)
            if self.before_answer is not None:
                await self.before_answer(bucket)
            return seen
        finally:
            self.loading -= 1

    async def load_all(self) -> Sequence[RevocationEntry]:
        if self.away:
            raise Unavailable("the database is away")
        return list(self.rows.values())
