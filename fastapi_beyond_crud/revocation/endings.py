"""Ending background work without breaking off what it is doing."""

import asyncio
from collections.abc import Collection
from typing import Any

PATIENCE_SECONDS = 0.5


async def end_all(tasks: Collection[asyncio.Task[Any]], *, patience: float = PATIENCE_SECONDS) -> None:
    """Let the tasks come to their end, and cancel those that take too long.

    A statement that is cancelled half-way leaves a connection behind that is given back by a task of its own;
    at the end of an application there may be no event loop left to run it.
    """
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=patience)
    for task in late:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
