"""The page of the documentation, made from the figures that were published."""

from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks.chart import draw
from tests.benchmarks.figures import Report
from tests.benchmarks.servers import PROJECT
from tests.benchmarks.tables import tables

DOCS = PROJECT / "docs" / "operate"
FIGURES = DOCS / "performance.json"

HEAD = """\
# Performance

<!-- Made by: python3 dev.py bench --render, from performance.json. Edit tests/benchmarks/page.py. -->

What the library costs is measured beside others, in one run, by one command that you can repeat:

```console
$ python3 dev.py bench
```

It takes about eight minutes on Linux with two cores; `--quick` gives a first look in about two, too short to compare
with. The other libraries are installed into an environment of their own, `.venv-bench`. Tables, figures and a chart go
to `build/`; what stands below was put here with `--publish`.

## How it is measured

- One uvicorn process (uvloop, httptools) an application, held on one core. The clients, PostgreSQL and Valkey run on
  another core. Sixteen clients ask without a pause, over connections that stay open, for a small JSON.
- The main figure is CPU time: user and system time of the server process with all its threads, divided by the
  requests it answered. It says how many requests a core can take.
- Every library is compared with the *unguarded route of its own process*. The ratio is what carries over to another
  machine; microseconds do not.
- Systems take turns, round by round. A ratio is the median of the rounds; beside it stand the smallest and the
  largest.
- Everything is set up with its defaults, hashing too, and two exceptions: the other libraries' limits on attempts are
  off, and their connection pools and our queue for hashing have room for all clients.
- A table of costs says nothing of worth: the libraries differ in what they check and in what they keep. A JWT of
  fastapi-users, for example, cannot be revoked at all.
- PostgreSQL runs without `fsync`, for all alike.

`tests/speed` holds the ratio of a guarded to an unguarded request in CI.
"""

NOTHING_YET = """
## Figures

No figures are published for this version yet. `python3 dev.py bench --publish` writes them here.
"""


def render() -> None:
    """Write the page, and the chart if there are figures."""
    report = Report.read(FIGURES) if FIGURES.exists() else None
    DOCS.mkdir(parents=True, exist_ok=True)
    for name, text in files(report).items():
        (DOCS / name).write_text(text)


def publish(report: Report) -> None:
    """Make this report the published one."""
    report.write(FIGURES)
    render()


def files(report: Report | None) -> Mapping[str, str]:
    """The files by their names: the page, and the chart if there are figures."""
    if report is None:
        return {"performance.md": HEAD + NOTHING_YET}
    return {"performance.md": HEAD + _figures(report), "performance.svg": draw(report)}


def read_files() -> Mapping[str, str]:
    """What stands in the documentation now."""
    names = [Path("performance.md"), *([Path("performance.svg")] if FIGURES.exists() else [])]
    return {str(name): (DOCS / name).read_text() for name in names}


def _figures(report: Report) -> str:
    machine = ", ".join([report.machine["processor"], f"{report.machine['cores']} cores", report.machine["system"]])
    parts = [
        f"\nMeasured on {report.date}, {machine}, {report.machine['python']}.\n",
        "![Cost of guarded routes as multiples of the unguarded route](performance.svg)\n",
        *(table.markdown() for table in tables(report)),
        "## Versions\n",
        f"This library's environment: {_listed(report.versions['ours'])}.\n",
        f"The others': {_listed(report.versions['rivals'])}.",
    ]
    return "\n".join(parts) + "\n"


def _listed(packages: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in packages.items()) or "not installed"
