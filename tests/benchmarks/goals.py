"""What the library promises of its speed, and whether a run bears it out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.benchmarks.contenders import FASTAPI_USERS, FULLAUTH, OURS
from tests.benchmarks.figures import Report, RouteCost


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One promise. ``measured`` is None if what it compares with is missing."""

    promise: str
    limit: float
    measured: float | None

    @property
    def is_met(self) -> bool | None:
        """Whether it is; None if nobody knows."""
        return None if self.measured is None else self.measured <= self.limit


def judge(report: Report) -> list[Goal]:
    """All goals."""
    return [*_of_routes(report), *_of_growth(report), *_of_sessions(report), *_of_memory(report)]


def _of_routes(report: Report) -> Iterator[Goal]:
    redis, memory = (_route(report, f"{OURS}, {backend}", "require") for backend in ("redis", "memory"))
    yield Goal(promise="`require`, Redis: times the unguarded route", limit=1.5, measured=_times(redis))
    yield Goal(promise="`require`, memory: times the unguarded route", limit=1.35, measured=_times(memory))
    mine = _route(report, f"{OURS}, redis", "current_user")
    theirs = _route(report, FASTAPI_USERS.name, "current_user")
    yield Goal(
        promise="`current_user` adds: share of what fastapi-users adds",
        limit=1 / 3,
        measured=None if mine is None or theirs is None else mine.added_us / theirs.added_us,
    )


def _of_growth(report: Report) -> Iterator[Goal]:
    for of in ("permissions", "roles", "revocations"):
        rows = [row for row in report.growth if row.of == of]
        most = max((row.count for row in rows), default=0)
        yield Goal(
            promise=f"`require` with {most:,} {of}: times the least",
            limit=1.1,
            measured=_largest(row.times_smallest.median for row in rows if row.count == most),
        )


def _of_sessions(report: Report) -> Iterator[Goal]:
    logins = {row.package: row for row in report.logins}
    refreshes = {row.package: row for row in report.refreshes}
    mine, theirs = refreshes.get(OURS), refreshes.get(FULLAUTH.package)
    yield Goal(
        promise="p99 of a plain route during log-ins, ms",
        limit=5,
        measured=logins[OURS].p99_ms if OURS in logins else None,
    )
    yield Goal(
        promise="CPU of a refresh: share of fastapi-fullauth's",
        limit=1 / 5,
        measured=None if mine is None or theirs is None else mine.cpu_us / theirs.cpu_us,
    )
    yield Goal(
        promise="successors of one token shown by 50 at once", limit=1, measured=mine.successors if mine else None
    )


def _of_memory(report: Report) -> Iterator[Goal]:
    for where, limit in (("redis", 200), ("memory", 120)):
        rows = [row for row in report.footprints if row.of == "revocation" and row.where == where]
        yield Goal(
            promise=f"bytes for a revocation, {where}", limit=limit, measured=_largest(row.bytes_each for row in rows)
        )


def _route(report: Report, system: str, route: str) -> RouteCost | None:
    return next((row for row in report.routes if row.system == system and row.route == route), None)


def _times(row: RouteCost | None) -> float | None:
    return None if row is None else row.times_bare.median


def _largest(numbers: Iterable[float]) -> float | None:
    return max(numbers, default=None)
