"""Bookly on a database of its own: it reads its settings when it is imported, once in a test process."""

import os
import secrets
from collections.abc import AsyncIterator
from importlib import import_module

import pytest

from tests.bookly.house import Bookly, Cast
from tests.support.application import asgi_client
from tests.support.databases import create_database, drop_database


@pytest.fixture(scope="session")
async def bookly_database(server_url: str) -> AsyncIterator[str]:
    """The database of the application in this process."""
    url = await create_database(server_url)
    yield url
    await drop_database(url, server_url=server_url)


@pytest.fixture(scope="session")
async def bookly(bookly_database: str, redis_url: str) -> AsyncIterator[Bookly]:
    """The application in this process, with its tables; the same for all tests: make accounts of your own."""
    environment = {
        "DATABASE_URL": bookly_database,
        "REDIS_URL": redis_url,
        "AUTH_SECRET_KEY": secrets.token_urlsafe(32),
        "AUTH_ISSUER": f"bookly-{secrets.token_hex(6)}",
        "AUTH_HASH_QUEUE": "64",
    }
    os.environ.update(environment)
    try:
        app = import_module("examples.bookly.main").app
    finally:
        for name in environment:
            del os.environ[name]
    await import_module("examples.bookly.migrate").upgrade()
    async with app.router.lifespan_context(app), asgi_client(app) as http:
        yield Bookly(app, http)


@pytest.fixture(scope="session")
async def cast(bookly: Bookly) -> Cast:
    """Somebody of each role, signed in; leave them their accounts and sessions."""
    return await bookly.cast()
