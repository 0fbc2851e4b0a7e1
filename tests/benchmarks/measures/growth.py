"""Whether a guard costs more where there is more of something."""

from collections.abc import Mapping, Sequence

from tests.benchmarks.figures import Growth
from tests.benchmarks.load import Load, Repeat
from tests.benchmarks.requests import get
from tests.benchmarks.rounds import Case, Pace, ratio, take_turns, typical
from tests.benchmarks.systems import PEOPLE, System

Key = tuple[str, str, int]
"""System, what there is more of, how many."""


async def measure_growth(
    systems: Sequence[System],
    tokens: Mapping[tuple[str, int], str],
    revoked: Mapping[int, Sequence[System]],
    pace: Pace,
) -> list[Growth]:
    """``require`` with more permissions, roles and revocations.

    Args:
        systems: Those that the tokens belong to.
        tokens: Of people with so many permissions and roles.
        revoked: For a number of revocations, the systems that have so many.
    """
    cases: list[Case[Key]] = []
    for system in systems:
        for (of, count), token in tokens.items():
            load = Load(system.server.port, [Repeat(get("/require", token))] * PEOPLE)
            cases.append(Case(key=(system.contender.name, of, count), server=system.server, load=load))
    for count, several in revoked.items():
        for system in several:
            key = (system.contender.name, "revocations", count)
            cases.append(Case(key=key, server=system.server, load=system.load("/require")))
    costs = await take_turns(cases, pace)
    smallest: dict[tuple[str, str], int] = {}
    for name, of, count in costs:
        smallest[name, of] = min(count, smallest.get((name, of), count))
    return [
        Growth(
            system=name,
            of=of,
            count=count,
            cpu_us=typical(mine).cpu_us,
            times_smallest=ratio(mine, costs[name, of, smallest[name, of]]),
        )
        for (name, of, count), mine in sorted(costs.items())
    ]
