"""``python3 dev.py bench``: measures, prints the tables, writes ``build/benchmark.json`` and ``.svg``."""

import argparse
import asyncio
import os
import sys
from pathlib import Path

import uvloop

from tests.benchmarks.chart import draw
from tests.benchmarks.cpu import Cores
from tests.benchmarks.figures import Report
from tests.benchmarks.goals import judge
from tests.benchmarks.page import publish, render
from tests.benchmarks.plan import FULL, QUICK
from tests.benchmarks.run import run
from tests.benchmarks.servers import PROJECT
from tests.benchmarks.tables import tables

_OUTPUT = PROJECT / "build" / "benchmark.json"


def main() -> int:
    """Run; 1 if a goal was missed in a full run."""
    wanted = _parser().parse_args()
    if wanted.render:
        render()
        return 0
    if sys.platform != "linux":
        print(
            "The benchmarks pin processes to cores and read their times from /proc: they need Linux.", file=sys.stderr
        )
        return 2
    # Everything but the measured servers, which take their own core.
    os.sched_setaffinity(0, {Cores.pick().others})
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        report = runner.run(run(QUICK if wanted.quick else FULL, quick=wanted.quick))
    _keep(report, wanted.json)
    if wanted.publish:
        publish(report)
    missed = [goal for goal in judge(report) if goal.is_met is False]
    return 1 if missed and not wanted.quick else 0


def _keep(report: Report, path: Path) -> None:
    report.write(path)
    path.with_suffix(".svg").write_text(draw(report))
    print("\n".join(table.plain() for table in tables(report)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 dev.py bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a first look in about two minutes")
    parser.add_argument("--json", type=Path, default=_OUTPUT, help="where the figures go")
    parser.add_argument("--publish", action="store_true", help="make these figures the page of the documentation")
    parser.add_argument("--render", action="store_true", help="only make the page again from the published figures")
    return parser


if __name__ == "__main__":
    sys.exit(main())
