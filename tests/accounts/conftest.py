from collections.abc import AsyncIterator

import pytest

from tests.accounts.models import Reader, ReaderCreate, ReaderReads, ReaderUpdate
from tests.support.application import Application, running, settings_for
from tests.support.fixtures import shared_application, shared_names, smith, two_processes

__all__ = ["library", "shared_application", "shared_names", "smith", "two_processes"]


@pytest.fixture(scope="session")
async def library(database_url: str, redis_url: str) -> AsyncIterator[Application]:
    """An application whose accounts have fields of their own, and ``user`` as the default role."""
    settings = settings_for(database_url, redis_url, default_roles="user", hash_queue=64)
    async with running(
        Reader, settings=settings, create=ReaderCreate, read=ReaderReads, update=ReaderUpdate
    ) as application:
        yield application
