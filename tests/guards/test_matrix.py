"""AZ-01: who may do what, for every route that there is."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.guards.matrix import MATRIX
from tests.support.application import Application, Person, bearer, running, settings_for
from tests.support.keys import ed25519_pem

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class House(Application):
    """An application with one account of each kind; each request gets a session of its own."""

    people: dict[str, Person]

    async def token(self, who: str) -> str:
        return (await self.auth.tokens.issue(self.key(self.people[who]))).access_token

    async def header_of(self, who: str) -> dict[str, str]:
        """The credential of a kind of caller, made for one request."""
        match who:
            case "anonymous":
                return {}
            case "user" | "admin":
                return bearer(await self.token(who))
            case "promoted":
                await self.auth.grants.revoke(self.key(self.people["changing"]), "admin")
                token = await self.token("changing")
                await self.granted(self.people["changing"], "admin")
                return bearer(token)
            case "demoted":
                token = await self.token("changing")
                await self.auth.grants.revoke(self.key(self.people["changing"]), "admin")
                return bearer(token)
            case "signed out":
                token = await self.token("admin")
                await self.http.post("/auth/logout", headers=bearer(token))
                return bearer(token)
            case "disabled":
                key = self.key(self.people["disabled"])
                await self.auth.accounts.enable(key)
                token = await self.token("disabled")
                await self.auth.accounts.disable(key)
                return bearer(token)
        raise AssertionError(who)


@pytest.fixture(scope="module")
async def a_house(database_url: str) -> AsyncIterator[House]:
    settings = settings_for(
        database_url, revocation="memory", algorithm="EdDSA", signing_key=ed25519_pem(), secret_key=None
    )
    async with running(settings=settings) as application:
        house = House(application.auth, application.app, application.http)
        roles = {"user": "user", "admin": "admin", "changing": "admin", "disabled": "admin"}
        house.people = {name: await house.registered() for name in roles}
        for name, role in roles.items():
            await house.granted(house.people[name], role)
        yield house


@pytest.fixture(autouse=True)
async def still_an_admin(a_house: House) -> None:
    await a_house.granted(a_house.people["changing"], "admin")


async def send(house: House, route: str, header: dict[str, str]) -> httpx.Response:
    method, path = route.split(" ")
    row = MATRIX[route]
    return await house.http.request(method, row.path or path, json=row.body, headers=header)


async def test_every_route_stands_in_the_matrix_and_none_besides(a_house: House) -> None:
    """AZ-01: a new route that nobody has decided about fails here."""
    paths = (await a_house.http.get("/openapi.json")).json()["paths"]
    there = {
        f"{method.upper()} {path}"
        for path, operations in paths.items()
        for method in operations
        if method in METHODS and path.startswith(("/auth/", "/.well-known/"))
    }
    assert there == set(MATRIX)


@pytest.mark.parametrize("who", ["anonymous", "signed out", "disabled"])
@pytest.mark.parametrize("route", MATRIX)
async def test_whoever_is_not_known_gets_what_the_anonymous_get(a_house: House, route: str, who: str) -> None:
    """AZ-01, TV-30."""
    answer = await send(a_house, route, await a_house.header_of(who))
    assert answer.status_code == MATRIX[route].anonymous
    if answer.status_code == 401:
        assert answer.json()["code"] == ("not_authenticated" if who == "anonymous" else "token_invalid")


@pytest.mark.parametrize("who", ["user", "demoted"])
@pytest.mark.parametrize("route", MATRIX)
async def test_a_user_gets_what_users_get(a_house: House, route: str, who: str) -> None:
    """AZ-01, RV-07: with a token that still names the role ``admin``, too."""
    answer = await send(a_house, route, await a_house.header_of(who))
    assert answer.status_code == MATRIX[route].user
    if answer.status_code == 403:
        assert answer.json()["code"] == "permission_denied"


@pytest.mark.parametrize("who", ["admin", "promoted"])
@pytest.mark.parametrize("route", MATRIX)
async def test_an_admin_gets_what_admins_get(a_house: House, route: str, who: str) -> None:
    """AZ-01, RV-08: with a token from before the promotion, too."""
    answer = await send(a_house, route, await a_house.header_of(who))
    assert answer.status_code == MATRIX[route].admin
