"""A bar for each guarded route: how many times the unguarded one it costs."""

from html import escape

from tests.benchmarks.contenders import OURS
from tests.benchmarks.figures import Report, RouteCost

_LABELS, _BARS, _NUMBERS = 350, 400, 70
_ROW, _HEAD = 26, 64
_OUR_COLOUR, _OTHER_COLOUR = "#00796b", "#90a4ae"


def draw(report: Report) -> str:
    """The chart as SVG. It brings its own background, so that it can be read on a dark page too."""
    rows = [row for row in report.routes if row.cpu_us and row.route != "no guard"]
    rows.sort(key=lambda row: row.times_bare.median)
    width, height = _LABELS + _BARS + _NUMBERS, _HEAD + _ROW * len(rows) + 16
    largest = max((row.times_bare.median for row in rows), default=1.0)
    bars = "\n".join(_bar(row, _HEAD + place * _ROW, largest) for place, row in enumerate(rows))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        'font-family="system-ui, sans-serif" font-size="13">\n'
        "<title>CPU time of a guarded request, as a multiple of the unguarded route</title>\n"
        f'<rect width="{width}" height="{height}" rx="8" fill="#fafafa"/>\n'
        '<text x="16" y="26" font-size="15" font-weight="600" fill="#212121">'
        "CPU time of a guarded request, as a multiple of the unguarded route</text>\n"
        f'<text x="16" y="46" fill="#616161">{escape(_caption(report))}</text>\n'
        f"{bars}\n</svg>\n"
    )


def _bar(row: RouteCost, top: int, largest: float) -> str:
    length = max(2.0, row.times_bare.median / largest * _BARS)
    colour = _OUR_COLOUR if row.package == OURS else _OTHER_COLOUR
    middle = top + 16
    return (
        f'<text x="{_LABELS - 10}" y="{middle}" text-anchor="end" fill="#212121">'
        f"{escape(f'{row.system}: {row.route}')}</text>"
        f'<rect x="{_LABELS}" y="{top + 3}" width="{length:.1f}" height="{_ROW - 8}" rx="3" fill="{colour}"/>'
        f'<text x="{_LABELS + length + 8:.1f}" y="{middle}" fill="#212121">{row.times_bare.median:.2f}</text>'
    )


def _caption(report: Report) -> str:
    return f"{report.date}, {report.machine['processor']}, {report.machine['python']}; the unguarded route is 1"
