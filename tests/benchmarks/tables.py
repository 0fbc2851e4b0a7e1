"""A report as tables: for the terminal, and for the page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.benchmarks.figures import Report, Spread
from tests.benchmarks.goals import judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A title, a head and rows; what is in the columns after the first ``text`` ones are numbers."""

    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    text: int = 1

    def plain(self) -> str:
        """For a terminal."""
        lines = [self.head, *self.rows]
        widths = [max(len(line[place]) for line in lines) for place in range(len(self.head))]
        pads: list[Callable[[str, int], str]] = [
            str.ljust if place < self.text else str.rjust for place in range(len(self.head))
        ]
        shown = ["  ".join(p(cell, w) for p, cell, w in zip(pads, line, widths, strict=True)) for line in lines]
        return "\n".join([self.title, "", *(line.rstrip() for line in shown), ""])

    def markdown(self) -> str:
        """For the page."""
        rule = ["---" if place < self.text else "---:" for place in range(len(self.head))]
        lines = ["| " + " | ".join(line) + " |" for line in (self.head, *self.rows)]
        return "\n".join([f"## {self.title}", "", lines[0], f"|{'|'.join(rule)}|", *lines[1:], ""])


def tables(report: Report) -> list[Table]:
    """All tables of a report."""
    made = [_goals, _routes, _growth, _logins, _refreshes, _footprints, _decisions]
    return [make(report) for make in made] + ([_missing(report)] if report.missing else [])


def _goals(report: Report) -> Table:
    words = {True: "yes", False: "NO", None: "not measured"}
    rows = [
        (goal.promise, f"{goal.limit:.3g}", "" if goal.measured is None else f"{goal.measured:.3g}", words[goal.is_met])
        for goal in judge(report)
    ]
    return Table(title="Goals", head=("", "at most", "measured", "met"), rows=rows)


def _routes(report: Report) -> Table:
    rows = [
        (row.system, row.route, f"{row.cpu_us:,.0f}", f"{row.added_us:+,.0f}", *_spread(row.times_bare))
        for row in report.routes
    ]
    head = ("system", "route", "CPU µs", "added µs", "times bare", "from - to")
    return Table(title="A guarded request", head=head, rows=rows, text=2)


def _growth(report: Report) -> Table:
    rows = [
        (row.system, row.of, f"{row.count:,}", f"{row.cpu_us:,.0f}", *_spread(row.times_smallest))
        for row in report.growth
    ]
    head = ("system", "what grows", "number", "CPU µs", "times least", "from - to")
    return Table(title="Growth of `require`", head=head, rows=rows, text=2)


def _logins(report: Report) -> Table:
    rows = [
        (
            row.system,
            f"{row.logins_per_second:.1f}",
            f"{row.quiet_p50_ms:.1f}",
            f"{row.quiet_p99_ms:.1f}",
            f"{row.p50_ms:,.1f}",
            f"{row.p99_ms:,.1f}",
        )
        for row in report.logins
    ]
    head = ("system", "log-ins/s", "quiet p50 ms", "quiet p99 ms", "p50 ms", "p99 ms")
    return Table(title="A plain route while eight clients log in", head=head, rows=rows)


def _refreshes(report: Report) -> Table:
    rows = [
        (
            row.system,
            f"{row.cpu_us:,.0f}",
            f"{row.per_second:,.0f}",
            f"{row.answered:.0f} of {row.at_once}",
            str(row.successors),
            "yes" if row.survived else "no",
        )
        for row in report.refreshes
    ]
    head = ("system", "CPU µs", "rotations/s", "answered", "successors", "session survives")
    return Table(title="A refresh, and fifty at once with one token", head=head, rows=rows)


def _footprints(report: Report) -> Table:
    rows = [(row.of, row.where, f"{row.count:,}", f"{row.bytes_each:,.0f}") for row in report.footprints]
    return Table(title="What is kept", head=("for each", "where", "number", "bytes (keys)"), rows=rows, text=2)


def _decisions(report: Report) -> Table:
    rows = [(row.of, f"{row.count:,}", f"{row.nanoseconds:,.0f}") for row in report.decisions]
    return Table(title="A decision by itself", head=("with so many", "number", "ns"), rows=rows)


def _missing(report: Report) -> Table:
    return Table(title="Not measured", head=("library", "why"), rows=list(report.missing.items()), text=2)


def _spread(spread: Spread) -> tuple[str, str]:
    return f"{spread.median:.2f}", f"{spread.low:.2f} - {spread.high:.2f}"
