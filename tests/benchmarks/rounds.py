"""Rounds that take turns, so that what disturbs the machine for a moment disturbs all alike."""

import asyncio
import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Generic, TypeVar

from tests.benchmarks.figures import Spread
from tests.benchmarks.load import Load
from tests.benchmarks.servers import Server

K = TypeVar("K", bound=Hashable)
_WARM_UP_SECONDS = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many rounds, and how long each."""

    rounds: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Case(Generic[K]):
    """A load on a server, under a name."""

    key: K
    server: Server
    load: Load


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One round."""

    cpu_us: float
    per_second: float
    busy: float


async def take_turns(cases: Sequence[Case[K]], pace: Pace) -> Mapping[K, list[Cost]]:
    """Run each case once a round; for each the costs of its rounds, in the same order."""
    for case in cases:
        await case.load.open()
        await case.load.run(_WARM_UP_SECONDS)
    costs: dict[K, list[Cost]] = {case.key: [] for case in cases}
    for _ in range(pace.rounds):
        for case in cases:
            costs[case.key].append(await measured(case.server, case.load, pace.seconds))
    for case in cases:
        case.load.close()
    return costs


async def measured(server: Server, load: Load, seconds: float) -> Cost:
    """The cost of a request under this load."""
    # What the last case left to do (answers on the way, a collection) is not charged to this one.
    await asyncio.sleep(0.02)
    cpu, began = server.cpu_seconds(), time.monotonic()
    requests = await load.run(seconds)
    cpu, wall = server.cpu_seconds() - cpu, time.monotonic() - began
    return Cost(cpu_us=cpu / requests * 1e6, per_second=requests / wall, busy=cpu / wall)


def typical(costs: Sequence[Cost]) -> Cost:
    """The median of each number."""
    return Cost(
        cpu_us=median(cost.cpu_us for cost in costs),
        per_second=median(cost.per_second for cost in costs),
        busy=median(cost.busy for cost in costs),
    )


def ratio(costs: Sequence[Cost], base: Sequence[Cost]) -> Spread:
    """How many times the base, each round by itself."""
    ratios = [cost.cpu_us / other.cpu_us for cost, other in zip(costs, base, strict=True)]
    return Spread(median=median(ratios), low=min(ratios), high=max(ratios))
