"""Authlib's OAuth 2 client, as anybody uses it, against the token endpoint of a real process."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from tests.support.application import Person
from tests.support.process import Forge, Process, environment_for


@pytest.fixture(scope="module")
async def application(database_url: str, redis_url: str, smith: Forge) -> AsyncIterator[Process]:
    """Access tokens live for a second, so that there is something to refresh."""
    names = {"access_lifetime": "1", "leeway": "0", "refresh_grace": "0"}
    async with smith.served(environment_for(database_url, redis_url, **names)) as (process,):
        yield process


def client_of(application: Process, **options: Any) -> AsyncOAuth2Client:
    """A public client: it has no secret."""
    url = str(application.http.base_url)
    return AsyncOAuth2Client(
        token_endpoint=f"{url}/auth/token",
        token_endpoint_auth_method="none",
        base_url=url,
        trust_env=False,
        **options,
    )


async def log_in(client: AsyncOAuth2Client, person: Person, *, password: str | None = None) -> dict[str, Any]:
    """The pair that a password is good for."""
    pair: dict[str, Any] = await client.fetch_token(username=person.email, password=password or person.password)
    return pair


async def test_a_wrong_password_is_an_error_that_authlib_knows(application: Process) -> None:
    person = await application.registered()
    async with client_of(application) as client:
        with pytest.raises(OAuthError, match="invalid_grant"):
            await log_in(client, person, password="not the password")


async def test_a_session_that_was_ended_elsewhere_cannot_be_refreshed(application: Process) -> None:
    person = await application.registered()
    async with client_of(application) as client:
        pair = await log_in(client, person)
        await application.http.post("/auth/logout", json={"refresh_token": pair["refresh_token"]})
        with pytest.raises(OAuthError, match="invalid_grant"):
            # Authlib's own leeway of a minute takes a token of one second for an old one, and refreshes it first.
            await client.get("/whoami")


async def test_a_token_is_refreshed_by_itself_and_the_new_pair_is_handed_out(application: Process) -> None:
    person = await application.registered()
    pairs: list[dict[str, Any]] = []

    async def keep(token: dict[str, Any], **_: Any) -> None:
        pairs.append(token)

    async with client_of(application, update_token=keep) as client:
        first = await log_in(client, person)
        for _ in range(3):
            answer = await client.get("/whoami")
            assert (answer.status_code, answer.json()["id"]) == (200, person.id)
    assert len(pairs) == 3
    assert len({pair["refresh_token"] for pair in (first, *pairs)}) == 4


async def test_a_token_is_refreshed_only_once_it_has_expired(application: Process) -> None:
    person = await application.registered()
    refreshed: list[dict[str, Any]] = []

    async def keep(token: dict[str, Any], **_: Any) -> None:
        refreshed.append(token)

    async with client_of(application, update_token=keep, leeway=0) as client:
        first = await log_in(client, person)
        assert first["expires_in"] == 1
        while not refreshed:
            assert (await client.get("/whoami")).status_code in (200, 401)
        assert (await client.get("/whoami")).json()["id"] == person.id
        replay = await application.refresh(first["refresh_token"])
        assert (replay.status_code, replay.json()["code"]) == (401, "refresh_invalid")
