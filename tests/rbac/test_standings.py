"""Rights that are read again because a token carries old ones."""

import asyncio
from collections.abc import Sequence

import pytest

from fastapi_beyond_crud import Unavailable
from fastapi_beyond_crud.core.timed_roles import TimedRole
from fastapi_beyond_crud.models.acts.accounts import Standing
from fastapi_beyond_crud.rbac.standings import Standings


class Truth:
    """The database as far as this matters: what it says, how often it was asked, and a gate before each answer."""

    def __init__(self, version: int = 1, grants: Sequence[TimedRole] = ()) -> None:
        self.now: Standing | None = standing(version, grants)
        self.reads = 0
        self.gates: list[asyncio.Event] = []
        self.is_gated = False
        self.fails = False

    async def read(self, user_id: object) -> Standing | None:
        self.reads += 1
        # What is read is what was there when the reading began.
        seen, fails = self.now, self.fails
        if self.is_gated:
            gate = asyncio.Event()
            self.gates.append(gate)
            await gate.wait()
        if fails:
            raise Unavailable
        return seen


def standing(version: int, grants: Sequence[TimedRole] = ()) -> Standing:
    return Standing(is_active=True, auth_version=version, cutoff_version=0, session_lives=True, grants=tuple(grants))


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_version_that_was_read_serves_every_older_token() -> None:
    truth = Truth(version=5)
    standings = Standings(truth.read)
    for version in (5, 4, 1, 5):
        assert await standings.at_least("u", version, 100.0) == standing(5)
    assert truth.reads == 1


async def test_a_higher_version_is_read_again() -> None:
    """RV-07: what was remembered before a demotion must not decide after it."""
    truth = Truth(version=1)
    standings = Standings(truth.read)
    await standings.at_least("u", 1, 100.0)
    truth.now = standing(2)
    assert await standings.at_least("u", 2, 100.0) == standing(2)
    assert truth.reads == 2


async def test_accounts_do_not_share_standings() -> None:
    truth = Truth(version=1)
    standings = Standings(truth.read)
    await standings.at_least("u", 1, 100.0)
    await standings.at_least("v", 1, 100.0)
    await standings.at_least(1, 1, 100.0)
    await standings.at_least("1", 1, 100.0)
    assert truth.reads == 4


async def test_an_account_that_is_gone_is_not_remembered() -> None:
    truth = Truth()
    truth.now = None
    standings = Standings(truth.read)
    assert await standings.at_least("u", 1, 100.0) is None
    truth.now = standing(1)
    assert await standings.at_least("u", 1, 100.0) == standing(1)
    truth.now = None
    assert await standings.at_least("u", 2, 100.0) is None
    assert await standings.at_least("u", 1, 100.0) is None


@pytest.mark.parametrize(
    "grant",
    [
        TimedRole(role="admin", valid_from=200.0),
        TimedRole(role="admin", valid_until=200.0),
        TimedRole(role="admin", valid_from=50.0, valid_until=200.0),
        TimedRole(role="admin", valid_from=200.0, valid_until=300.0),
    ],
)
async def test_a_standing_serves_until_a_grant_begins_or_ends_and_not_longer(grant: TimedRole) -> None:
    truth = Truth(grants=[grant])
    standings = Standings(truth.read)
    await standings.at_least("u", 1, 100.0)
    await standings.at_least("u", 1, 199.9)
    assert truth.reads == 1
    await standings.at_least("u", 1, 200.0)
    assert truth.reads == 2


async def test_edges_of_the_past_do_not_make_it_read_again() -> None:
    truth = Truth(grants=[TimedRole(role="admin", valid_from=50.0)])
    standings = Standings(truth.read)
    for now in (100.0, 1e9):
        await standings.at_least("u", 1, now)
    assert truth.reads == 1


async def test_fifty_requests_at_once_read_once() -> None:
    truth = Truth(version=3)
    truth.is_gated = True
    standings = Standings(truth.read)
    callers = [asyncio.create_task(standings.at_least("u", 3, 100.0)) for _ in range(50)]
    await settle()
    assert truth.reads == 1
    truth.gates[0].set()
    assert await asyncio.gather(*callers) == [standing(3)] * 50


async def test_a_reading_that_began_too_early_is_not_believed_and_is_repeated_once_for_all() -> None:
    """RV-13: the version moves while it is being read."""
    truth = Truth(version=1)
    truth.is_gated = True
    standings = Standings(truth.read)
    early = asyncio.create_task(standings.at_least("u", 1, 100.0))
    await settle()
    truth.now = standing(2)
    late = [asyncio.create_task(standings.at_least("u", 2, 100.0)) for _ in range(50)]
    await settle()
    assert truth.reads == 1
    truth.gates[0].set()
    await settle()
    truth.gates[1].set()
    await settle()
    assert truth.reads == 2, "each of those who waited read for itself"
    assert await early == standing(1)
    assert await asyncio.gather(*late) == [standing(2)] * 50


async def test_a_reading_that_overtakes_another_is_not_forgotten_for_it() -> None:
    """RV-13: the older answer arrives last."""
    truth = Truth(version=1)
    truth.is_gated = True
    standings = Standings(truth.read)
    first = asyncio.create_task(standings.at_least("u", 1, 100.0))
    await settle()
    truth.now = standing(2)
    truth.gates[0].set()
    await first
    second = asyncio.create_task(standings.at_least("u", 2, 100.0))
    await settle()
    truth.gates[1].set()
    assert await second == standing(2)
    truth.is_gated = False
    assert await standings.at_least("u", 2, 100.0) == standing(2)
    assert truth.reads == 2


async def test_a_caller_who_hangs_up_takes_nothing_from_the_others() -> None:
    truth = Truth(version=1)
    truth.is_gated = True
    standings = Standings(truth.read)
    callers = [asyncio.create_task(standings.at_least("u", 1, 100.0)) for _ in range(3)]
    await settle()
    callers[0].cancel()
    await settle()
    truth.gates[0].set()
    assert await asyncio.gather(*callers[1:]) == [standing(1)] * 2
    assert truth.reads == 1


async def test_a_failure_reaches_everybody_and_is_not_remembered() -> None:
    truth = Truth(version=1)
    truth.is_gated = truth.fails = True
    standings = Standings(truth.read)
    callers = [asyncio.create_task(standings.at_least("u", 1, 100.0)) for _ in range(3)]
    await settle()
    truth.gates[0].set()
    outcomes = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 3
    truth.is_gated = truth.fails = False
    assert await standings.at_least("u", 1, 100.0) == standing(1)
    assert truth.reads == 2


async def test_what_is_remembered_is_bounded() -> None:
    truth = Truth(version=1)
    standings = Standings(truth.read)
    for number in range(10_050):
        await standings.at_least(number, 1, 100.0)
    assert len(standings._known) == 10_000
    assert not standings._under_way
