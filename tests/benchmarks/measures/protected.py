"""What a guard adds to a request."""

from collections.abc import Sequence

from tests.benchmarks.figures import RouteCost
from tests.benchmarks.rounds import Case, Pace, ratio, take_turns, typical
from tests.benchmarks.systems import System

_BARE = "no guard"


async def measure_routes(systems: Sequence[System], pace: Pace) -> list[RouteCost]:
    """All guarded routes of all systems, each beside the unguarded route of its own process."""
    cases = [case for system in systems for case in _cases(system)]
    costs = await take_turns(cases, pace)
    found = []
    for system in systems:
        contender = system.contender
        bare = costs[contender.name, _BARE]
        for route in (_BARE, *contender.guarded):
            mine = costs[contender.name, route]
            cost = typical(mine)
            found.append(
                RouteCost(
                    package=contender.package,
                    system=contender.name,
                    route=route,
                    cpu_us=cost.cpu_us,
                    added_us=cost.cpu_us - typical(bare).cpu_us,
                    times_bare=ratio(mine, bare),
                    busy=cost.busy,
                )
            )
    return found


def _cases(system: System) -> list[Case[tuple[str, str]]]:
    name = system.contender.name
    guarded = [
        Case(key=(name, route), server=system.server, load=system.load(path))
        for route, path in system.contender.guarded.items()
    ]
    return [Case(key=(name, _BARE), server=system.server, load=system.bare()), *guarded]
