"""How long a run takes, and how much of everything it looks at."""

from dataclasses import dataclass

from tests.benchmarks.rounds import Pace


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A run: seven or eight minutes in full, about two with ``--quick``."""

    routes: Pace
    growth: Pace
    logins: Pace
    refreshes: Pace
    crowds: int
    revocations: tuple[int, ...]
    footprint_revocations: tuple[int, ...]
    footprint_sessions: int


FULL = Plan(
    routes=Pace(rounds=5, seconds=1.5),
    growth=Pace(rounds=5, seconds=0.9),
    logins=Pace(rounds=3, seconds=5),
    refreshes=Pace(rounds=5, seconds=2),
    crowds=5,
    revocations=(0, 10_000, 1_000_000),
    footprint_revocations=(100_000, 1_000_000),
    footprint_sessions=2_000,
)

QUICK = Plan(
    routes=Pace(rounds=3, seconds=0.4),
    growth=Pace(rounds=3, seconds=0.3),
    logins=Pace(rounds=1, seconds=3),
    refreshes=Pace(rounds=2, seconds=0.6),
    crowds=2,
    revocations=(0, 100_000),
    footprint_revocations=(100_000,),
    footprint_sessions=200,
)
