"""What Alembic runs: the history in versions/ against the metadata of the models.

`python -m examples.bookly migrate` hands a connection over. The command line of Alembic has none, and gets one here:

    alembic -c examples/bookly/alembic.ini revision --autogenerate -m "add a column"
"""

import asyncio

from alembic import context
from sqlalchemy import Connection

from examples.bookly.database import engine
from examples.bookly.models import Base


def run(connection: Connection) -> None:
    context.configure(
        connection=connection, target_metadata=Base.metadata, compare_type=True, compare_server_default=True
    )
    with context.begin_transaction():
        context.run_migrations()


async def connect_and_run() -> None:
    async with engine.begin() as connection:
        await connection.run_sync(run)
    await engine.dispose()


given: Connection | None = context.config.attributes.get("connection")
if given is None:
    asyncio.run(connect_and_run())
else:
    run(given)
