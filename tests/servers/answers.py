"""Whether a server answers, asked as a client asks."""

import asyncio
import socket
from urllib.parse import urlsplit

import asyncpg

from tests.support.databases import asyncpg_address


def redis_says(url: str, *words: str, seconds: float = 5) -> str:
    """Send one command and return the raw answer. OSError (TimeoutError too) if there is none."""
    parts = urlsplit(url)
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), seconds) as connection:
        connection.settimeout(seconds)
        connection.sendall((" ".join(words) + "\r\n").encode())
        return connection.recv(65536).decode()


async def postgres_says(url: str, query: str, seconds: float = 5) -> object:
    """The first value of a query, on a connection of its own."""
    async with asyncio.timeout(seconds):
        connection = await asyncpg.connect(asyncpg_address(url))
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close(timeout=1)
