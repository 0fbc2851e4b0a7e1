"""Fixtures that several folders of tests import into their conftest."""

import secrets
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support.application import Application, running, settings_for
from tests.support.process import Forge, Process, environment_for, forge


@pytest.fixture(scope="session")
def smith(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    """Makes server processes for this test process."""
    with forge(tmp_path_factory.mktemp("forge")) as made:
        yield made


@pytest.fixture(scope="session")
def shared_names() -> dict[str, str]:
    """The secret and the issuer of the shared application and of the two processes: they are one application."""
    return {"secret_key": secrets.token_urlsafe(32), "issuer": f"test-{secrets.token_hex(6)}"}


@pytest.fixture(scope="session")
async def two_processes(
    database_url: str, redis_url: str, smith: Forge, shared_names: dict[str, str]
) -> AsyncIterator[tuple[Process, Process]]:
    """Two processes of one application, the same for all tests: make accounts of your own, and kill neither."""
    environment = environment_for(database_url, redis_url, hash_queue="64", **shared_names)
    async with smith.served(environment, count=2) as (first, second):
        yield first, second


@pytest.fixture(scope="session")
async def shared_application(
    database_url: str, redis_url: str, shared_names: dict[str, str]
) -> AsyncIterator[Application]:
    """An application in this process, the same for all tests: make accounts of your own.

    The two processes take its tokens, as it takes theirs.
    """
    async with running(settings=settings_for(database_url, redis_url, hash_queue=64, **shared_names)) as application:
        yield application
