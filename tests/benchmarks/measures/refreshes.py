"""What a rotation costs, and what happens when many show the same token at once."""

from collections.abc import Sequence
from statistics import mean

from tests.benchmarks.connection import Answer, ask, ask_at_once
from tests.benchmarks.contenders import Contender
from tests.benchmarks.figures import RefreshCost
from tests.benchmarks.load import Load
from tests.benchmarks.rounds import Case, Cost, Pace, take_turns, typical
from tests.benchmarks.systems import System

AT_ONCE = 50


class _Chain:
    """A client that spends the refresh token that it was given last."""

    def __init__(self, contender: Contender, token: str) -> None:
        self._contender, self._token = contender, token

    def first(self) -> bytes:
        return _refresh(self._contender, self._token)

    def then(self, answer: Answer) -> bytes:
        self._token = answer.json()["refresh_token"]
        return self.first()


async def measure_refreshes(systems: Sequence[System], pace: Pace, *, trials: int) -> list[RefreshCost]:
    """Each client refreshes its own session without a pause; then fifty at once show one token."""
    cases = []
    for system in systems:
        chains = [_Chain(system.contender, await _new_token(system, number)) for number in range(len(system.people))]
        load = Load(system.server.port, chains)
        cases.append(Case(key=system.contender.name, server=system.server, load=load))
    costs = await take_turns(cases, pace)
    return [await _cost(system, costs[system.contender.name], trials) for system in systems]


async def _cost(system: System, costs: Sequence[Cost], trials: int) -> RefreshCost:
    crowds = [await _crowd(system) for _ in range(trials)]
    cost = typical(costs)
    return RefreshCost(
        package=system.contender.package,
        system=system.contender.name,
        cpu_us=cost.cpu_us,
        per_second=cost.per_second,
        at_once=AT_ONCE,
        answered=mean(answered for answered, _, _ in crowds),
        successors=max(successors for _, successors, _ in crowds),
        survived=all(survived for _, _, survived in crowds),
    )


async def _crowd(system: System) -> tuple[int, int, bool]:
    """How many got a pair, how many different ones, and whether the session lives on."""
    port, contender = system.server.port, system.contender
    token = await _new_token(system, 0)
    answers = await ask_at_once(port, [_refresh(contender, token)] * AT_ONCE)
    successors = [answer.json()["refresh_token"] for answer in answers if answer.status == 200]
    lives = False
    if successors:
        lives = (await ask(port, _refresh(contender, successors[-1]))).status == 200
    return len(successors), len(set(successors)), lives


async def _new_token(system: System, number: int) -> str:
    answer = await ask(system.server.port, system.contender.login(system.people[number].credentials))
    return str(answer.json()["refresh_token"])


def _refresh(contender: Contender, token: str) -> bytes:
    assert contender.refresh is not None
    return contender.refresh(token)
