"""The way to PostgreSQL: one engine for the process, one session for a request."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from examples.bookly.settings import auth_settings
from fastapi_beyond_crud import ConfigurationError

settings = auth_settings()
if settings.database_url is None:
    raise ConfigurationError("DATABASE_URL is not set.")

# Making an engine connects nothing. The limits turn an outage of the database into a quick 503 instead of requests
# that pile up: SQLAlchemy waits 30 seconds for a connection unless it is told otherwise.
engine = create_async_engine(
    settings.database_url.get_secret_value(),
    pool_pre_ping=True,
    pool_size=10,
    max_overflow=10,
    pool_timeout=2,
    connect_args={"timeout": 2, "command_timeout": 5},
)

# Without expire_on_commit=False each attribute that is read after a commit would want another SELECT, which async code
# cannot send behind your back: it raises MissingGreenlet instead.
new_session = async_sessionmaker(engine, expire_on_commit=False)


async def get_session() -> AsyncIterator[AsyncSession]:
    """The session of a request. What is not committed is rolled back at its end.

    The code after ``yield`` runs when the answer is already sent, so it must not commit: the client would read
    "201 Created", and the commit could still fail. The services commit.
    """
    async with new_session() as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_session)]
