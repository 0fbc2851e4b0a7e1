from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tests.guards.counting import CountingBackend
from tests.support.application import Application, SignedIn, bearer, running, settings_for
from tests.support.fixtures import smith

__all__ = ["smith"]


@dataclass(frozen=True, kw_only=True)
class Callers:
    """The Authorization headers of people with different rights, and of nobody."""

    user: dict[str, str]
    guest: dict[str, str]
    nobody: dict[str, str]
    forger: dict[str, str]


@pytest.fixture(scope="session")
def backend() -> CountingBackend:
    return CountingBackend()


@pytest.fixture(scope="session")
async def application(database_url: str, backend: CountingBackend) -> AsyncIterator[Application]:
    """An application in this process, the same for all tests of guards; it counts revocation checks."""
    settings = settings_for(database_url, revocation="memory")
    async with running(settings=settings, revocation=backend) as application:
        yield application


@pytest.fixture(scope="session")
async def user(application: Application) -> SignedIn:
    """May create books."""
    person = await application.registered()
    await application.granted(person, "user")
    return await application.signed_in(person)


@pytest.fixture(scope="session")
async def callers(application: Application, user: SignedIn) -> Callers:
    guest = await application.registered()
    await application.granted(guest, "guest")
    return Callers(
        user=user.headers,
        guest=(await application.signed_in(guest)).headers,
        nobody={},
        forger=bearer(forged(user.access_token)),
    )


def forged(token: str) -> str:
    """The same token with a signature that differs in its first character, whatever that is."""
    head, _, signature = token.rpartition(".")
    return f"{head}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
