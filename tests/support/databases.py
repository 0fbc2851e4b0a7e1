"""Empty databases on a running PostgreSQL."""

import secrets

import asyncpg
from sqlalchemy.engine import URL, make_url


def asyncpg_address(url: str | URL) -> str:
    """The same database, in the form that asyncpg itself reads."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


async def create_database(server_url: str) -> str:
    """Make an empty database with a name of its own on that server; its URL for the library."""
    name = f"test_{secrets.token_hex(6)}"
    # template0 takes no connections, so that no other test run can be in the way of the copy.
    await _execute(server_url, f'CREATE DATABASE "{name}" TEMPLATE template0')
    url = make_url(server_url).set(drivername="postgresql+asyncpg", database=name)
    return url.render_as_string(hide_password=False)


async def drop_database(url: str, *, server_url: str) -> None:
    """Remove a database that ``create_database`` made, and end its connections."""
    await _execute(server_url, f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')


async def _execute(server_url: str, statement: str) -> None:
    connection = await asyncpg.connect(asyncpg_address(server_url))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
