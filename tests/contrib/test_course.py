"""The names of the course do what the course promised."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI

from fastapi_beyond_crud import Auth, ConfigurationError, Principal, TokenPair
from fastapi_beyond_crud.contrib.course import Course
from tests.support.application import Application, User, bearer, demo, running, settings_for


def build(auth: Auth[Any]) -> FastAPI:
    """The demo application with routes as the course writes them."""
    app, course = demo(auth), Course(auth)

    @app.post("/admin")
    async def admin(body: dict[str, int], caller: Annotated[Principal, Depends(course.RoleChecker(["admin"]))]) -> str:
        return str(caller.id)

    @app.get("/staff", dependencies=[Depends(course.RoleChecker(["admin", "librarian"]))])
    async def staff() -> bool:
        return True

    @app.get("/details")
    async def details(token: Annotated[dict[str, Any], Depends(course.AccessTokenBearer())]) -> dict[str, Any]:
        return token

    @app.post("/refresh_token")
    async def refresh(pair: Annotated[TokenPair, Depends(course.RefreshTokenBearer())]) -> dict[str, str]:
        return {"access_token": pair.access_token, "refresh_token": pair.refresh_token}

    return app


@pytest.fixture(scope="module")
async def application(database_url: str, redis_url: str) -> AsyncIterator[Application]:
    settings = settings_for(database_url, redis_url, default_roles=("user",))
    async with running(User, settings=settings, build=build) as made:
        yield made


@pytest.mark.parametrize("roles", [[], ["adnim"]])
async def test_a_role_checker_without_a_known_role_stops_the_start(application: Application, roles: list[str]) -> None:
    with pytest.raises(ConfigurationError):
        Course(application.auth).RoleChecker(roles)


async def test_a_role_checker_refuses_before_it_reads_the_body(application: Application) -> None:
    assert (await application.http.post("/admin", content=b"{not json")).status_code == 401
    user = await application.signed_in()
    refused = await application.http.post("/admin", content=b"{not json", headers=user.headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")


async def test_one_of_the_roles_is_enough_and_counts_at_once(application: Application) -> None:
    session = await application.signed_in()
    assert (await application.http.get("/staff", headers=session.headers)).status_code == 403
    await application.granted(session.person, "librarian")
    assert (await application.http.get("/staff", headers=session.headers)).status_code == 200
    assert (await application.http.post("/admin", json={}, headers=session.headers)).status_code == 403
    await application.granted(session.person, "admin")
    answer = await application.http.post("/admin", json={}, headers=session.headers)
    assert answer.json() == session.person.id


async def test_a_refresh_token_is_no_access_token_and_the_other_way_round(application: Application) -> None:
    session = await application.signed_in()
    answer = await application.http.get("/details", headers=bearer(session.refresh_token))
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
    answer = await application.http.post("/refresh_token", headers=session.headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "refresh_invalid")


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic Zm9vOmJhcg=="}, {"Authorization": "Bearer"}])
async def test_without_a_bearer_token_nothing_is_refreshed(application: Application, headers: dict[str, str]) -> None:
    answer = await application.http.post("/refresh_token", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_token_details_have_the_shape_of_the_course(application: Application) -> None:
    session = await application.signed_in()
    details = (await application.http.get("/details", headers=session.headers)).json()
    assert details == {
        "user": {"user_uid": session.person.id, "roles": ["user"]},
        "session_id": str(session.session_id),
        "refresh": False,
    }


async def test_a_refresh_token_in_the_header_gives_the_next_pair(application: Application) -> None:
    session = await application.signed_in()
    answer = await application.http.post("/refresh_token", headers=bearer(session.refresh_token))
    pair = answer.json()
    assert answer.status_code == 200
    assert (await application.http.get("/details", headers=bearer(pair["access_token"]))).status_code == 200
    await application.refresh(pair["refresh_token"])
    replay = await application.http.post("/refresh_token", headers=bearer(session.refresh_token))
    assert (replay.status_code, replay.json()["code"]) == (401, "refresh_invalid")


async def test_the_documentation_knows_both_kinds_of_token(application: Application) -> None:
    schema = (await application.http.get("/openapi.json")).json()
    assert schema["paths"]["/refresh_token"]["post"]["security"] == [{"RefreshTokenBearer": []}]
    assert schema["paths"]["/staff"]["get"]["x-authz"] == {"requires": ["role:admin", "role:librarian"]}
