from collections.abc import AsyncIterator

import pytest

from tests.rbac.company import ROLES, Company
from tests.support.application import running, settings_for
from tests.support.databases import create_database, drop_database
from tests.support.fixtures import smith

__all__ = ["smith"]


@pytest.fixture(scope="session")
async def company(server_url: str) -> AsyncIterator[Company]:
    """The same for all tests; ``owner`` is the one with all rights."""
    url = await create_database(server_url)
    async with running(settings=settings_for(url, revocation="memory"), roles=ROLES) as application:
        company = Company(application.auth, application.app, application.http)
        company.owner = await company.employed("owner")
        yield company
    await drop_database(url, server_url=server_url)
