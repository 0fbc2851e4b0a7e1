"""The shared connection: nobody ever gets another one's answer, and everybody gets one."""

import asyncio
import random
from collections import Counter
from uuid import uuid4

from fastapi_beyond_crud.connections.greeting import Greeting
from fastapi_beyond_crud.connections.lane import Lane
from fastapi_beyond_crud.connections.redis_url import Address
from fastapi_beyond_crud.connections.resp import pack
from fastapi_beyond_crud.revocation.verdicts import LIVE, REVOKED, UNKNOWN, Verdict
from fastapi_beyond_crud.testing.revocation import claims_of, session_entry
from tests.revocation.conftest import MakeBackend
from tests.revocation.proxy import Proxy
from tests.revocation.store import Table
from tests.revocation.valkey import Valkey
from tests.revocation.waiting import known


def lane_to(port: int) -> Lane:
    async def locate() -> Address:
        return Address(host="127.0.0.1", port=port)

    return Lane(locate, greeting=Greeting())


async def test_cancelled_checks_never_mix_up_two_users(valkey: Valkey, table: Table, make_backend: MakeBackend) -> None:
    """RC-12: 2,000 checks of one who is out and one who is in, hundreds of them cancelled while under way."""
    async with Proxy(valkey.port) as proxy:
        backend = await make_backend(proxy.url)
        out, within = (claims_of(str(uuid4()), str(uuid4())) for _ in range(2))
        table.commit(session_entry(out.subject, out.session_id))
        assert await known(backend, out) == REVOKED
        assert await known(backend, within) == LIVE
        chance = random.Random(7)  # noqa: S311 - a repeatable order
        verdicts: Counter[tuple[bool, Verdict]] = Counter()
        cancelled = 0

        async def one(number: int) -> None:
            claims = (out, within)[number % 2]
            verdicts[claims is out, await backend.check(claims)] += 1

        # Long enough for the cancellations to come before the answers.
        proxy.delay_seconds = 0.003
        for start in range(0, 2_000, 50):
            tasks = [asyncio.create_task(one(start + i)) for i in range(50)]
            await asyncio.sleep(chance.random() * 0.003)
            for task in tasks:
                if chance.random() < 0.4:
                    cancelled += task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        assert cancelled > 300
        assert {(True, LIVE), (False, REVOKED)}.isdisjoint(verdicts)
        assert verdicts[True, REVOKED] + verdicts[False, LIVE] > 800
        await backend.close()


async def test_a_connection_cut_in_the_middle_of_answers_mixes_up_nobody(
    valkey: Valkey, table: Table, make_backend: MakeBackend
) -> None:
    """Half-read answers belong to nobody; whoever waited for them is told UNKNOWN."""
    async with Proxy(valkey.port) as proxy:
        backend = await make_backend(proxy.url)
        out, within = (claims_of(str(uuid4()), str(uuid4())) for _ in range(2))
        table.commit(session_entry(out.subject, out.session_id))
        assert await known(backend, out) == REVOKED
        assert await known(backend, within) == LIVE
        verdicts: Counter[tuple[bool, Verdict]] = Counter()

        async def ask(number: int) -> None:
            claims = (out, within)[number % 2]
            verdicts[claims is out, await backend.check(claims)] += 1

        for round_number in range(60):
            # Let a part of the answers through, then nothing.
            proxy.rewrite = lambda data, keep=round_number * 3: data[:keep]  # type: ignore[misc]
            asking = [asyncio.create_task(ask(i)) for i in range(20)]
            await asyncio.sleep(0.002)
            proxy.cut()
            proxy.rewrite = bytes
            await asyncio.wait_for(asyncio.gather(*asking), 2)
            await known(backend, out)
        assert {(True, LIVE), (False, REVOKED)}.isdisjoint(verdicts)
        assert verdicts[True, UNKNOWN] > 0
        await backend.close()


async def test_questions_of_one_tick_share_one_write(valkey: Valkey) -> None:
    """What makes a check cheap: 50 questions, one round trip."""
    lane = lane_to(valkey.port)
    await lane.connect()
    before = (await valkey.client.info("stats"))["total_reads_processed"]
    answers = await asyncio.gather(*(lane.ask(pack(b"ECHO", b"%d" % i)) for i in range(50)))
    after = (await valkey.client.info("stats"))["total_reads_processed"]
    assert [answer and answer[1] for answer in answers] == [b"%d" % i for i in range(50)]
    assert after - before <= 2
    await lane.close()


async def test_every_question_is_answered_when_the_lane_closes(valkey: Valkey) -> None:
    """Also those that were just asked, and those that come afterwards."""
    lane = lane_to(valkey.port)
    await lane.connect()
    valkey.freeze()
    try:
        waiting = [lane.ask(pack(b"PING")) for _ in range(3)]
        await asyncio.sleep(0)
        queued = lane.ask(pack(b"PING"))
        await lane.close()
        late = lane.ask(pack(b"PING"))
        assert await asyncio.wait_for(asyncio.gather(*waiting, queued, late), 1) == [None] * 5
    finally:
        valkey.thaw()


async def test_a_lane_that_closes_while_it_connects_leaves_nobody_waiting(valkey: Valkey) -> None:
    """The server takes the connection and says nothing."""
    lane = lane_to(valkey.port)
    valkey.freeze()
    try:
        asked = lane.ask(pack(b"PING"))
        await asyncio.sleep(0.01)
        await lane.close()
        assert await asyncio.wait_for(asked, 1) is None
        await lane.connect()
        assert lane.identity is None
    finally:
        valkey.thaw()


async def test_a_connection_that_is_opened_twice_at_once_is_one(valkey: Valkey) -> None:
    """A start and a first question may meet."""
    lane = lane_to(valkey.port)
    asked = lane.ask(pack(b"PING"))
    await asyncio.gather(lane.connect(), lane.connect(), asked)
    assert lane.connections == 1
    assert await lane.ask(pack(b"PING")) is not None
    await lane.close()


async def test_every_question_is_answered_when_nothing_can_be_reached() -> None:
    """From a closed port and from a place that cannot be found."""

    async def nowhere() -> Address:
        raise RuntimeError("a mistake in what looks for the server")

    for lane in (lane_to(1), Lane(nowhere, greeting=Greeting())):
        for _ in range(8):
            assert await asyncio.wait_for(lane.ask(pack(b"PING")), 1) is None
        assert lane.breaker.is_open
        await lane.close()


async def test_a_busy_event_loop_is_not_mistaken_for_a_dead_server(valkey: Valkey) -> None:
    """The answer came in time; it was this process that was late."""
    lane = lane_to(valkey.port)
    await lane.connect()
    asking = lane.ask(pack(b"PING"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    loop = asyncio.get_running_loop()
    late = loop.time() + 0.12
    while loop.time() < late:
        pass
    answer = await asking
    assert answer is not None
    assert answer[1] == b"PONG"
    await lane.close()


async def test_an_answer_that_nobody_asked_for_ends_the_connection(valkey: Valkey) -> None:
    """From there on questions and answers would be out of step."""
    async with Proxy(valkey.port) as proxy:
        lane = lane_to(proxy.port)
        await lane.connect()
        proxy.rewrite = lambda data: data + b"+EXTRA\r\n"
        first = await lane.ask(pack(b"ECHO", b"mine"))
        proxy.rewrite = bytes
        second = await lane.ask(pack(b"ECHO", b"yours"))
        assert first is not None
        assert first[1] == b"mine"
        assert second is not None
        assert second[1] == b"yours"
        assert lane.connections == 2
        await lane.close()
