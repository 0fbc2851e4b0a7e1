"""The caller's object in applications that have no session of their own."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from sqlalchemy import inspect, update
from sqlalchemy.ext.asyncio import AsyncSession, async_object_session

from fastapi_beyond_crud import Auth
from tests.support.application import Application, SignedIn, User, running, settings_for


def build(auth: Auth[Any]) -> FastAPI:
    app = FastAPI(lifespan=auth.lifespan)
    auth.install(app)
    CurrentUser = Annotated[User, Depends(auth.current_user())]
    Verified = Annotated[User, Depends(auth.current_user(verified=True))]
    Session = Annotated[AsyncSession, Depends(auth.session)]

    @app.patch("/object-first/{name}")
    async def object_first(name: str, user: CurrentUser, session: Session) -> bool:
        user.nickname = name
        await session.commit()
        return async_object_session(user) is session

    @app.patch("/session-first/{name}")
    async def session_first(name: str, session: Session, user: CurrentUser) -> bool:
        user.nickname = name
        await session.commit()
        return async_object_session(user) is session

    async def changed(session: Session, principal: Annotated[Any, Depends(auth.current_principal())]) -> None:
        await session.execute(update(User).where(User.id == principal.id).values(nickname="not committed yet"))

    @app.get("/in-a-transaction", dependencies=[Depends(changed)])
    async def in_a_transaction(user: CurrentUser) -> str | None:
        return user.nickname

    @app.patch("/forgotten/{name}")
    async def forgotten(name: str, user: CurrentUser, session: Session) -> None:
        user.nickname = name

    @app.get("/alone")
    async def alone(user: CurrentUser) -> dict[str, Any]:
        return {"email": user.email, "detached": inspect(user).detached}

    @app.get("/twice")
    async def twice(user: CurrentUser, again: Annotated[Any, Depends(auth.current_user(optional=True))]) -> bool:
        return user is again

    @app.get("/verified")
    async def verified(user: Verified) -> str:
        return user.email

    return app


@pytest.fixture(scope="module")
async def application(database_url: str) -> AsyncIterator[Application]:
    async with running(settings=settings_for(database_url, revocation="memory"), build=build) as application:
        yield application


async def nickname(application: Application, session: SignedIn) -> str | None:
    [row] = await application.sql("SELECT nickname FROM users WHERE id = :id", id=application.key(session.person))
    found: str | None = row.nickname
    return found


@pytest.mark.parametrize("path", ["object-first", "session-first"])
async def test_the_object_is_on_the_session_whichever_comes_first(application: Application, path: str) -> None:
    someone = await application.signed_in()
    answer = await application.http.patch(f"/{path}/{path}", headers=someone.headers)
    assert answer.json() is True
    assert await nickname(application, someone) == path


async def test_what_is_not_committed_is_not_kept(application: Application) -> None:
    someone = await application.signed_in()
    answer = await application.http.patch("/forgotten/nobody", headers=someone.headers)
    assert answer.status_code == 200
    assert await nickname(application, someone) is None


async def test_a_session_that_has_begun_gives_the_object_as_it_sees_it(application: Application) -> None:
    someone = await application.signed_in()
    answer = await application.http.get("/in-a-transaction", headers=someone.headers)
    assert answer.json() == "not committed yet"
    assert await nickname(application, someone) is None


async def test_without_a_session_the_object_has_its_columns_and_is_detached(application: Application) -> None:
    someone = await application.signed_in()
    answer = await application.http.get("/alone", headers=someone.headers)
    assert answer.json() == {"email": someone.person.email, "detached": True}


async def test_two_dependencies_give_one_object(application: Application) -> None:
    someone = await application.signed_in()
    assert (await application.http.get("/twice", headers=someone.headers)).json() is True


async def test_an_unverified_address_is_told_apart(application: Application) -> None:
    someone = await application.signed_in()
    refused = await application.http.get("/verified", headers=someone.headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "email_not_verified")
    await application.sql("UPDATE users SET is_verified = true WHERE id = :id", id=application.key(someone.person))
    assert (await application.http.get("/verified", headers=someone.headers)).json() == someone.person.email


async def test_an_account_that_was_switched_off_by_hand_is_refused_at_once(application: Application) -> None:
    """RV-09: where the row is read anyway, a change in SQL counts on the next request."""
    someone = await application.signed_in()
    await application.sql("UPDATE users SET is_active = false WHERE id = :id", id=application.key(someone.person))
    answer = await application.http.get("/alone", headers=someone.headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
