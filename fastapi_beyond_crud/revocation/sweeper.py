"""Heals what got lost between the database and the backend."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from fastapi_beyond_crud.core.buckets import RevocationEntry
from fastapi_beyond_crud.core.errors import Unavailable
from fastapi_beyond_crud.revocation.backend import RevocationBackend, Tended
from fastapi_beyond_crud.revocation.endings import end_all

_log = logging.getLogger(__name__)

ChangedSince = Callable[[timedelta], Awaitable[Sequence[RevocationEntry]]]
"""Reads the entries that changed within so much time; raises Unavailable if it cannot."""

EndInactive = Callable[[], Awaitable[Sequence[RevocationEntry]]]
"""Ends live sessions of inactive users; gives the entries of what it ended. Raises Unavailable if it cannot."""


class Sweeper:
    """Repeats recent revocations every second, and ends sessions of users who were switched off by hand.

    A failover can lose a write that was acknowledged, and a process can die between its commit and its push: both
    heal with the next round. Every process may run one; they do the same things, and doing them twice harms nothing.

    Args:
        changed_since: Reads recent entries.
        end_inactive: Ends what a change by hand left alive.
        backend: Where entries are pushed to.
        every: From the end of one round to the beginning of the next.
        overlap: How far a usual round looks back beyond the last one; longer than any transaction takes to commit.
        first: How far back the first round looks: the longest lifetime of an access token.
        after_loss: How far back a round looks when the backend may have lost something.
        inactive_every: How often inactive users are looked for.
    """

    def __init__(
        self,
        changed_since: ChangedSince,
        end_inactive: EndInactive,
        backend: RevocationBackend,
        *,
        every: timedelta = timedelta(seconds=1),
        overlap: timedelta = timedelta(seconds=10),
        first: timedelta = timedelta(hours=1),
        after_loss: timedelta = timedelta(minutes=5),
        inactive_every: timedelta = timedelta(seconds=30),
    ) -> None:
        self._changed_since, self._end_inactive, self._backend = changed_since, end_inactive, backend
        self._tended = backend if isinstance(backend, Tended) else None
        self._every, self._overlap, self._inactive_every = every, overlap, inactive_every
        self._first, self._after_loss = first, after_loss
        self._task: asyncio.Task[None] | None = None
        self._ending = asyncio.Event()
        self._pushed_at: float | None = None
        self._inactive_at: float | None = None
        self._losses = -1
        self._failing: set[str] = set()

    async def start(self) -> None:
        """Begin; the first round starts at once."""
        if self._task is None:
            self._ending.clear()
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """End after the present round, or in the middle of it if it takes too long."""
        if self._task is not None:
            self._ending.set()
            await end_all([self._task])
            self._task = None

    async def _run(self) -> None:
        # A cancellation can get lost inside of a round: asyncio.wait_for of Python 3.11, which redis-py uses,
        # swallows it when its work is done in that very moment. The event does not get lost.
        while not self._ending.is_set():
            await self.sweep()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._every.total_seconds()):
                    await self._ending.wait()

    async def sweep(self) -> None:
        """One round. Never raises because a server is away: that is logged, once an outage."""
        await self._try("revocations cannot be repeated", self._repeat)
        now = asyncio.get_running_loop().time()
        due = self._inactive_at is None or now - self._inactive_at >= self._inactive_every.total_seconds()
        if due and await self._try("sessions of inactive users cannot be ended", self._end):
            self._inactive_at = now
        if self._tended is not None:
            await self._try("revocations cannot be pruned", self._tended.prune)

    async def _repeat(self) -> None:
        # Both are read before the database is: what happens meanwhile belongs to the next round.
        now = asyncio.get_running_loop().time()
        losses = self._tended.losses if self._tended is not None else 0
        window = self._first
        if self._pushed_at is not None:
            window = min(timedelta(seconds=now - self._pushed_at) + self._overlap, self._first)
            if losses != self._losses:
                window = max(window, self._after_loss)
        entries = await self._changed_since(window)
        if entries:
            await self._backend.push(entries)
        self._pushed_at, self._losses = now, losses

    async def _end(self) -> None:
        entries = await self._end_inactive()
        if entries:
            await self._backend.push(entries)

    async def _try(self, complaint: str, act: Callable[[], Awaitable[object]]) -> bool:
        try:
            await act()
        except Exception as error:
            if complaint not in self._failing:
                self._failing.add(complaint)
                # A server that is away is news; anything else is a mistake, and needs its traceback.
                _log.warning("%s: %s", complaint, error, exc_info=not isinstance(error, Unavailable))
            return False
        if complaint in self._failing:
            self._failing.discard(complaint)
            _log.info("over again: %s", complaint)
        return True
