"""The support of other tests works itself: an application in this process, and two in their own."""

import pytest

from tests.support.application import running, settings_for
from tests.support.process import Forge, ProcessError, environment_for


async def test_an_application_in_this_process_answers(database_url: str, redis_url: str) -> None:
    async with running(settings=settings_for(database_url, redis_url)) as application:
        session = await application.signed_in()
        assert (await application.me(session)).json()["email"] == session.person.email
        await application.granted(session.person, "user")
        assert (await application.http.get("/books", headers=session.headers)).json() == ["Dune"]


async def test_two_processes_serve_one_application(database_url: str, redis_url: str, smith: Forge) -> None:
    async with smith.served(environment_for(database_url, redis_url), count=2) as (first, second):
        assert first.pid != second.pid
        session = await first.signed_in()
        assert (await second.me(session)).status_code == 200
        first.kill()
        await first.start()
        assert (await first.me(session)).status_code == 200


async def test_a_process_that_cannot_start_says_why(database_url: str, smith: Forge) -> None:
    with pytest.raises(ProcessError, match="AUTH_SECRET_KEY"):
        async with smith.served(environment_for(database_url) | {"AUTH_SECRET_KEY": "short"}):
            pass
