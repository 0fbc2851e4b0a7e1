"""Fixtures that several folders of tests import into their conftest."""

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
async def two_processes(database_url: str, redis_url: str, smith: Forge) -> AsyncIterator[tuple[Process, Process]]:
    """Two processes of one application, the same for all tests: make accounts of your own, and kill neither."""
    async with smith.served(environment_for(database_url, redis_url), count=2) as (first, second):
        yield first, second


@pytest.fixture(scope="session")
async def shared_application(database_url: str, redis_url: str) -> AsyncIterator[Application]:
    """An application in this process, the same for all tests: make accounts of your own."""
    async with running(settings=settings_for(database_url, redis_url)) as application:
        yield application
