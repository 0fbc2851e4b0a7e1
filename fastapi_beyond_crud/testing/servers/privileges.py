"""Ways in which PostgreSQL agrees to run. It refuses root, so root becomes somebody else for it.

No way changes the mode or owner of anything outside the servers' own temporary directory.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fastapi_beyond_crud.testing.servers.errors import ServersUnavailable
from fastapi_beyond_crud.testing.servers.keeper import RunAs

if sys.platform != "win32":
    import pwd

_ACCOUNTS = ("postgres", "nobody", "daemon")
_NEEDED = ("bin", "lib", "share")


class Way(NamedTuple):
    """One way to run PostgreSQL: whose programs, as whom, and who must own the data."""

    name: str
    programs: Path
    run_as: RunAs = RunAs()
    owner: tuple[int, int] | None = None


def ways_to_run_postgres(programs: Path, work: Path) -> Iterator[Way]:
    """The ways that this process has, the simplest first; whether one works is known when it was tried.

    Raises:
        ServersUnavailable: This is root, and the system has no other account.
    """
    if sys.platform == "win32" or os.geteuid() != 0:
        yield Way("as the present user", programs)
        return
    user, group = _ordinary_account()
    work.chmod(0o711)  # Our own directory: the other account must be able to pass through it.
    yield Way("as another account", programs, RunAs(user, group), (user, group))
    # A wheel under /root or another closed home cannot be read by that account. In a user namespace root keeps its
    # rights on files and only looks like somebody else.
    if sys.platform == "linux":
        yield Way("in a user namespace", programs, RunAs(user, group, namespace=True))
    yield Way("from a copy, as another account", _copy(programs, work), RunAs(user, group), (user, group))


def _ordinary_account() -> tuple[int, int]:
    for name in _ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise ServersUnavailable(
        "PostgreSQL does not run as root, and none of the accounts "
        f"{', '.join(_ACCOUNTS)} exists. Run this as an ordinary user, or set DATABASE_URL to a server that runs."
    )


def _copy(programs: Path, work: Path) -> Path:
    """Copy an installation to where everybody can read it; the folder of its programs.

    Libraries of a wheel stand beside the package, in ``<package>.libs``, and are found by a relative path.
    """
    installation = programs.parent
    package = installation.parent
    target = work / "copy" / package.name / installation.name
    for part in _NEEDED:
        if (installation / part).is_dir():
            shutil.copytree(installation / part, target / part, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, work / "copy" / libraries.name, symlinks=True)
    for path in (work / "copy", *(work / "copy").rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
    return target / programs.name
