"""The threads that hash passwords: few, polite, and with a queue that has an end."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from fastapi_beyond_crud.core.errors import Unavailable
from fastapi_beyond_crud.passwords.threads import lower_own_priority, usable_cores

T = TypeVar("T")

_QUEUE_PER_WORKER = 4


class HashPool:
    """Runs long computations off the event loop, on threads of low priority.

    At most `workers` run at once and at most `queue` wait; a further one is refused at once, so that a flood
    of log-ins meets a clear answer instead of a growing queue. Memory is bounded by workers times the memory
    of one hash. Threads are started when they are first needed.

    Args:
        workers: Threads; the usable cores if left out.
        queue: Places for those that wait; four times the workers if left out.
    """

    def __init__(self, *, workers: int | None = None, queue: int | None = None) -> None:
        self.workers = usable_cores() if workers is None else workers
        self.queue = _QUEUE_PER_WORKER * self.workers if queue is None else queue
        if self.workers < 1 or self.queue < 0:
            raise ValueError("a hash pool needs workers >= 1 and queue >= 0")
        self._used = 0
        self._closed = False
        # Places are given on the event loop and handed back by the threads.
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(self.workers, thread_name_prefix="fbc-hash", initializer=lower_own_priority)

    @property
    def used(self) -> int:
        """Places that are taken: computations that run or wait. A gauge for metrics."""
        return self._used

    async def run(self, work: Callable[[], T]) -> T:
        """The result of ``work()``, or what it raises.

        A caller that is cancelled gives its place back at once if no thread had begun, else when the thread
        is done: clients that hang up can neither outrun the bound nor leak a place.

        Raises:
            Unavailable: All places are taken (decided without waiting), or the pool is closed.
        """
        job = self._submit(work)
        try:
            return await asyncio.wrap_future(job)
        except asyncio.CancelledError:
            if self._closed and job.cancelled() and not _caller_is_cancelled():
                # The pool dropped the job. The caller's own task goes on, and must hear a reason.
                raise Unavailable from None
            raise

    def close(self) -> None:
        """Drop what waits, finish what runs, end the threads. Blocks for the time of one computation."""
        self._closed = True
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _submit(self, work: Callable[[], T]) -> Future[T]:
        with self._lock:
            if self._used >= self.workers + self.queue:
                raise Unavailable(retry_after_seconds=1)
            self._used += 1
        try:
            job = self._threads.submit(work)
        except RuntimeError:
            # The pool is closed, or the system gives no thread.
            self._free_place()
            raise Unavailable(retry_after_seconds=1) from None
        # Called exactly once for each job, also for one that is cancelled before it began.
        job.add_done_callback(self._free_place)
        return job

    def _free_place(self, _job: object = None) -> None:
        with self._lock:
            self._used -= 1


def _caller_is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
