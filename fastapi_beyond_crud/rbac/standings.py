"""What an account may do today, where its token is of yesterday."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi_beyond_crud.core.timed_roles import next_edge
from fastapi_beyond_crud.models.acts.accounts import Standing

_SIZE = 10_000


class Standings:
    """Reads rights from the source of truth and remembers them by the version that was read.

    A standing serves until a higher version is asked for, or a time-boxed grant begins or ends. Requests of
    one account that come at the same time share one statement.

    Args:
        read: Reads the standing of an account by its key; None if it is gone; raises Unavailable.
    """

    def __init__(self, read: Callable[[Any], Awaitable[Standing | None]]) -> None:
        self._read = read
        self._known: dict[Any, tuple[Standing, float | None]] = {}
        self._under_way: dict[Any, asyncio.Task[Standing | None]] = {}

    async def at_least(self, user_id: Any, version: int, now: float) -> Standing | None:
        """The standing at this version or a later one; None if the account is gone.

        Raises:
            Unavailable: The database does not answer.
        """
        known = self._known.get(user_id)
        if known is not None:
            standing, edge = known
            if standing.auth_version >= version and (edge is None or now < edge):
                return standing
        return await self._fresh(user_id, version, now)

    async def _fresh(self, user_id: Any, version: int, now: float) -> Standing | None:
        task = self._under_way.get(user_id)
        if task is not None:
            shared = await asyncio.shield(task)
            # A reading that began before the version moved is too old for this caller.
            if shared is None or shared.auth_version >= version:
                return shared
            # The next one is not; of all who waited, the first begins it and the others share it.
            later = self._under_way.get(user_id)
            if later is not None:
                return await asyncio.shield(later)
        task = asyncio.create_task(self._look_up(user_id, now))
        # Should every caller go away, an error of the task has still been seen by somebody.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._under_way[user_id] = task
        return await asyncio.shield(task)

    async def _look_up(self, user_id: Any, now: float) -> Standing | None:
        try:
            standing = await self._read(user_id)
        finally:
            if self._under_way.get(user_id) is asyncio.current_task():
                del self._under_way[user_id]
        if standing is None:
            self._known.pop(user_id, None)
            return None
        if len(self._known) >= _SIZE:
            self._known.pop(next(iter(self._known)))
        self._known[user_id] = (standing, next_edge(standing.grants, now))
        return standing
