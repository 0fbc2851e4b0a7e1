"""The page on performance says what was measured, and nothing else."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.benchmarks.chart import draw
from tests.benchmarks.contenders import FASTAPI_USERS, OURS
from tests.benchmarks.figures import Report, RouteCost, Spread
from tests.benchmarks.goals import Goal, judge
from tests.benchmarks.page import FIGURES, files, read_files


def test_the_page_and_the_chart_are_those_of_the_published_figures() -> None:
    """Make them again with: python3 dev.py bench --render."""
    published = Report.read(FIGURES) if FIGURES.exists() else None
    assert read_files() == files(published)


def test_a_slower_guard_misses_its_goal() -> None:
    assert goal(report(times=1.49), "`require`, Redis").is_met is True
    assert goal(report(times=1.51), "`require`, Redis").is_met is False


def test_what_was_not_measured_is_not_called_met() -> None:
    alone = report(times=1.2)
    assert goal(alone, "`current_user` adds").measured is None
    assert goal(alone, "`current_user` adds").is_met is None


def test_the_comparison_is_of_what_is_added_not_of_the_whole() -> None:
    both = report(times=1.2, theirs_add_us=300)
    assert goal(both, "`current_user` adds").measured == pytest.approx(0.5)


def test_a_report_survives_its_file(tmp_path: Path) -> None:
    written = report(times=1.2)
    written.write(tmp_path / "figures.json")
    assert Report.read(tmp_path / "figures.json") == written


def test_the_chart_has_a_bar_for_each_guarded_route_and_none_for_the_unguarded() -> None:
    chart = ElementTree.fromstring(draw(report(times=1.2, theirs_add_us=300)))  # noqa: S314 - our own text
    bars = [bar for bar in chart.iter("{http://www.w3.org/2000/svg}rect") if bar.get("rx") == "3"]
    assert len(bars) == 3


def goal(made: Report, begin: str) -> Goal:
    (found,) = [one for one in judge(made) if one.promise.startswith(begin)]
    return found


def report(*, times: float, theirs_add_us: float | None = None) -> Report:
    ours = f"{OURS}, redis"
    routes = [route(OURS, ours, "no guard", 0, 1), route(OURS, ours, "require", 20, times)]
    routes.append(route(OURS, ours, "current_user", 150, 3))
    if theirs_add_us is not None:
        routes.append(route(FASTAPI_USERS.package, FASTAPI_USERS.name, "current_user", theirs_add_us, 4))
    return Report(
        date="2026-01-01",
        quick=True,
        machine={"processor": "a <fast> one", "cores": "2", "system": "Linux", "python": "CPython 3.11"},
        versions={"ours": {}, "rivals": {}},
        missing={},
        routes=routes,
        growth=[],
        logins=[],
        refreshes=[],
        footprints=[],
        decisions=[],
    )


def route(package: str, system: str, name: str, added_us: float, times: float) -> RouteCost:
    return RouteCost(
        package=package,
        system=system,
        route=name,
        cpu_us=100 + added_us,
        added_us=added_us,
        times_bare=Spread(median=times, low=times, high=times),
        busy=0.9,
    )
