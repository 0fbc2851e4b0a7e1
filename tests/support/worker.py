"""Which of the parallel test processes this is, and which of Redis's numbered databases is its own."""

import os
from urllib.parse import urlsplit, urlunsplit

SHARED_DATABASES = 16
"""What a Redis server has unless it is told otherwise."""


def worker_number() -> int:
    """0 without pytest-xdist and for its first process."""
    digits = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return int(digits)


def own_redis_url(url: str) -> str:
    """The same server, with the numbered database of this test process."""
    parts = urlsplit(url)
    first = int(parts.path.strip("/") or 0)
    return urlunsplit(parts._replace(path=f"/{(first + worker_number()) % SHARED_DATABASES}"))
