"""The environment of the rivals: ``.venv-bench``. Their requirements and ours cannot all be met in one."""

import importlib.metadata
import importlib.util
import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.benchmarks.servers import PROJECT

HOME = PROJECT / ".venv-bench"
PYTHON = HOME / "bin" / "python"
_STAMP = HOME / "bench.json"


class RivalsMissing(RuntimeError):
    """The rivals could not be installed; the message says why, in one line."""


def ensure_rivals() -> None:
    """Make the environment, unless it is there already.

    Raises:
        RivalsMissing: It cannot be made, for example without a network.
    """
    wanted = _requirements()
    if _STAMP.exists() and json.loads(_STAMP.read_text()) == wanted and PYTHON.exists():
        return
    print("installing the libraries to compare with into .venv-bench (a minute or two, once) ...", file=sys.stderr)
    shutil.rmtree(HOME, ignore_errors=True)
    for command in _commands(wanted):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RivalsMissing((done.stderr or done.stdout).strip().splitlines()[-1])
    _STAMP.write_text(json.dumps(wanted))


def versions(names: Sequence[str], *, of_rivals: bool) -> Mapping[str, str]:
    """The versions of packages in one of the two environments, as far as they are there."""
    path = [str(path) for path in HOME.glob("lib/python*/site-packages")] if of_rivals else sys.path
    found = {dist.name.lower(): dist.version for dist in importlib.metadata.distributions(path=path)}
    return {name: found[name] for name in names if name in found}


def _requirements() -> list[str]:
    tables = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    return [str(name) for name in tables["dependency-groups"]["bench-rivals"]]


def _commands(wanted: Sequence[str]) -> list[list[str]]:
    uv = shutil.which("uv")
    if uv:
        return [
            [uv, "venv", "--quiet", "--python", sys.executable, str(HOME)],
            [uv, "pip", "install", "--quiet", "--python", str(PYTHON), *wanted],
        ]
    pip = ["-m", "pip", "--python", str(PYTHON), "install", "--quiet", "--disable-pip-version-check"]
    # Any pip can install into an environment without one: ours, else that of the Python which ours came from.
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}"
    installer = sys.executable if importlib.util.find_spec("pip") else str(base)
    return [[sys.executable, "-m", "venv", "--without-pip", str(HOME)], [installer, *pip, *wanted]]
