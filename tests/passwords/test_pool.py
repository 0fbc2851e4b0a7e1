"""The pool's bounds hold, whatever its callers do."""

import asyncio
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from fastapi_beyond_crud.core.errors import Unavailable
from fastapi_beyond_crud.passwords.pool import HashPool
from fastapi_beyond_crud.passwords.threads import lower_own_priority, usable_cores


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


async def test_a_full_pool_refuses_at_once(pool: HashPool) -> None:
    """DS-05: two run, eight wait, the eleventh is told so without waiting."""
    release = threading.Event()
    taken = [asyncio.create_task(pool.run(release.wait)) for _ in range(10)]
    await until(lambda: pool.used == 10)
    refused = pool.run(release.wait)
    with pytest.raises(Unavailable) as caught:
        refused.send(None)  # One step without the loop: had it waited for anything, it would not have raised.
    assert caught.value.retry_after_seconds == 1
    release.set()
    assert await asyncio.gather(*taken) == [True] * 10
    assert await pool.run(lambda: 42) == 42
    assert pool.used == 0


async def test_without_a_queue_only_running_work_is_taken() -> None:
    pool = HashPool(workers=1, queue=0)
    release = threading.Event()
    running = asyncio.create_task(pool.run(release.wait))
    await until(lambda: pool.used == 1)
    with pytest.raises(Unavailable):
        await pool.run(release.wait)
    release.set()
    await running
    pool.close()


async def test_no_more_than_the_workers_run_at_once() -> None:
    """DS-05: exactly three of thirty run together, which a barrier of three proves from both sides."""
    pool = HashPool(workers=3, queue=30)
    lock, together, running, most = threading.Lock(), threading.Barrier(3), 0, 0

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait(timeout=10)
        with lock:
            running -= 1

    await asyncio.gather(*(pool.run(work) for _ in range(30)))
    pool.close()
    assert most == 3


async def test_callers_that_are_cancelled_leak_no_place() -> None:
    """DS-05: of 200 callers two thirds hang up. What had not begun frees its place at once, what runs at its end."""
    pool = HashPool(workers=2, queue=198)
    release = threading.Event()
    begun = threading.Semaphore(0)

    def work() -> bool:
        begun.release()
        return release.wait(timeout=30)

    callers = [asyncio.create_task(pool.run(work)) for _ in range(200)]
    await until(lambda: begun.acquire(blocking=False))
    await until(lambda: begun.acquire(blocking=False))
    assert pool.used == 200
    gone = [*callers[:2], *random.Random(7).sample(callers[2:], 131)]  # noqa: S311
    for caller in gone:
        caller.cancel()
    results = asyncio.gather(*callers, return_exceptions=True)
    await until(lambda: sum(caller.done() for caller in callers) == 133)
    # The first two are gone, but their threads are not: a client that hangs up cannot make room for another.
    assert pool.used == 200 - 131
    release.set()
    outcomes = await results
    assert outcomes.count(True) == 67
    assert sum(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes) == 133
    await until(lambda: pool.used == 0)
    assert await asyncio.gather(*(pool.run(lambda: 1) for _ in range(200))) == [1] * 200
    pool.close()


@pytest.mark.skipif(sys.platform != "linux", reason="limits its own address space")
def test_when_no_thread_can_be_started_the_answer_is_unavailable_and_the_place_is_free() -> None:
    """DS-05: a machine at its limits gets no crash and no leak."""
    done = subprocess.run([sys.executable, "-c", _NO_THREADS], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["Unavailable", "0"]


_NO_THREADS = """
import asyncio, resource, threading
from fastapi_beyond_crud.core.errors import Unavailable
from fastapi_beyond_crud.passwords.pool import HashPool

async def main():
    pool = HashPool(workers=1)
    threading.stack_size(512 << 20)
    resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))
    try:
        await pool.run(lambda: 1)
    except Unavailable as error:
        print(type(error).__name__, pool.used)

asyncio.run(main())
"""


async def test_what_the_work_raises_reaches_its_caller_and_frees_the_place(pool: HashPool) -> None:
    def fail() -> None:
        raise LookupError("inside")

    with pytest.raises(LookupError, match="inside"):
        await pool.run(fail)
    assert pool.used == 0


async def test_a_closed_pool_refuses(pool: HashPool) -> None:
    pool.close()
    with pytest.raises(Unavailable):
        await pool.run(lambda: 1)
    assert pool.used == 0


async def test_closing_drops_what_waits_with_a_reason_and_finishes_what_runs() -> None:
    """A caller whose work was dropped hears `Unavailable`; it must not look as if its own task was cancelled."""
    pool = HashPool(workers=1)
    release, begun = threading.Event(), threading.Event()

    def work() -> bool:
        begun.set()
        return release.wait(timeout=30)

    running = asyncio.create_task(pool.run(work))
    await until(begun.is_set)
    waiting = asyncio.create_task(pool.run(work))
    hung_up = asyncio.create_task(pool.run(work))
    await until(lambda: pool.used == 3)
    closing = asyncio.create_task(asyncio.to_thread(pool.close))
    with pytest.raises(Unavailable):
        await waiting
    hung_up.cancel()
    release.set()
    assert await running is True
    await closing
    assert pool.used == 0


async def test_threads_start_when_they_are_needed_and_end_when_the_pool_closes() -> None:
    def own() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name.startswith("fbc-hash")]

    before = len(own())
    pool = HashPool(workers=2)
    assert len(own()) == before
    await pool.run(lambda: 1)
    assert len(own()) == before + 1
    pool.close()
    assert len(own()) == before


async def test_one_pool_serves_several_event_loops(pool: HashPool) -> None:
    """The count of places is kept under a lock, not on one loop."""

    async def many() -> list[int]:
        return await asyncio.gather(*(pool.run(lambda: 1) for _ in range(4)))

    assert await asyncio.gather(*(asyncio.to_thread(asyncio.run, many()) for _ in range(2))) == [[1] * 4] * 2
    assert pool.used == 0


@pytest.mark.parametrize("arguments", [{"workers": 0}, {"workers": -1}, {"queue": -1}])
def test_a_pool_without_workers_is_refused(arguments: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="workers"):
        HashPool(**arguments)


def test_by_default_there_is_a_worker_for_each_usable_core_and_four_places_to_wait() -> None:
    pool = HashPool()
    assert (pool.workers, pool.queue) == (usable_cores(), 4 * usable_cores())
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
    pool.close()


@pytest.mark.skipif(sys.platform != "linux", reason="niceness of a thread is Linux's own")
async def test_the_threads_let_all_others_go_first(pool: HashPool) -> None:
    """PW-12: only the hashing threads are nicer, not the process."""

    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    mine = niceness()
    assert await pool.run(niceness) == min(19, mine + 10)
    assert niceness() == mine


@pytest.mark.skipif(sys.platform != "linux", reason="replaces the call that Linux uses")
def test_a_system_that_refuses_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", refuse)
    assert lower_own_priority() is False
