"""What a run finds out. Written as JSON, and read back to make the table, the page and the chart."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A ratio over several rounds: the median, and the smallest and the largest."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteCost:
    """CPU time of the server for one request to a guarded route.

    Attributes:
        times_bare: The ratio to the unguarded route of the same process in the same round.
        added_us: What the guard adds to the unguarded route, in µs.
        busy: The share of the time in which the server was busy; near 1, it was the server that was measured.
    """

    package: str
    system: str
    route: str
    cpu_us: float
    added_us: float
    times_bare: Spread
    busy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """CPU time of ``require`` with so many of something, and the ratio to the smallest number of them."""

    system: str
    of: str
    count: int
    cpu_us: float
    times_smallest: Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginCost:
    """What a plain route suffers while clients log in without a pause. Times in ms."""

    package: str
    system: str
    clients: int
    logins_per_second: float
    quiet_p50_ms: float
    quiet_p99_ms: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshCost:
    """A rotation of a refresh token, and what happens when many show the same one at once.

    Attributes:
        cpu_us: CPU time of the server for one rotation.
        at_once: How many showed one token in the same moment.
        answered: How many of them got a pair, in the mean of the trials.
        successors: How many different refresh tokens came out, at most.
        survived: Whether the session could be refreshed afterwards, in each trial.
    """

    package: str
    system: str
    cpu_us: float
    per_second: float
    at_once: int
    answered: float
    successors: int
    survived: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """Bytes that each of so many things takes."""

    of: str
    where: str
    count: int
    bytes_each: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Time of one decision inside of a process, without a request around it."""

    of: str
    count: int
    nanoseconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One run.

    Attributes:
        date: The day, in UTC.
        quick: Made with ``--quick``: good for a look, not for a comparison.
        machine: What it ran on.
        versions: Of the packages, by environment.
        missing: Libraries that could not be measured, and why.
    """

    date: str
    quick: bool
    machine: Mapping[str, str]
    versions: Mapping[str, Mapping[str, str]]
    missing: Mapping[str, str]
    routes: list[RouteCost]
    growth: list[Growth]
    logins: list[LoginCost]
    refreshes: list[RefreshCost]
    footprints: list[Footprint]
    decisions: list[Decision]

    def write(self, path: Path) -> None:
        """Store it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_ADAPTER.dump_json(self, indent=1) + b"\n")

    @classmethod
    def read(cls, path: Path) -> "Report":
        """What `write` stored."""
        return _ADAPTER.validate_json(path.read_bytes())


_ADAPTER = TypeAdapter(Report)
