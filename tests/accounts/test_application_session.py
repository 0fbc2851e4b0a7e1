"""The application's own session: the library flushes into it and never commits it, rolls it back or expires it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import uuid4

import pytest
from fastapi import Depends, FastAPI
from pydantic import SecretStr
from sqlalchemy import inspect, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from fastapi_beyond_crud import Auth, Conflict, EmailTaken, NotFound, UserCreate
from tests.accounts.models import Reader, ReaderCreate
from tests.sessions.rows import assert_dead
from tests.support.application import PASSWORD, Application, new_email, running, settings_for


def wanted(email: str | None = None, **fields: Any) -> ReaderCreate:
    return ReaderCreate(email=email or new_email(), password=SecretStr(PASSWORD), **fields)


@asynccontextmanager
async def own_session(application: Application) -> AsyncIterator[AsyncSession]:
    """A session with SQLAlchemy's defaults: it expires everything on commit."""
    async with AsyncSession(application.auth.runtime.database.engine) as session:
        yield session


async def names_of(application: Application, email: str) -> list[str]:
    rows = await application.sql("SELECT display_name FROM readers WHERE email = :email", email=email)
    return [row.display_name for row in rows]


async def test_a_registration_that_is_rolled_back_leaves_nothing(library: Application) -> None:
    body = wanted()
    async with own_session(library) as session:
        account = await library.auth.accounts.register(body, session=session)
        assert account.user.id is not None
        assert await names_of(library, body.email) == []
        await session.rollback()
    assert await names_of(library, body.email) == []
    assert await library.sql("SELECT 1 FROM reader_role_grants WHERE user_id = :id", id=account.user.id) == []


async def test_a_registration_in_the_callers_transaction_is_the_callers_to_commit(library: Application) -> None:
    body = wanted(display_name="Ada")
    async with own_session(library) as session:
        account = await library.auth.accounts.register(body, session=session)
        account.user.age = 36
        assert account.roles == ("user",)
        await session.commit()
    answer = await library.http.post("/auth/login", json={"email": body.email, "password": PASSWORD})
    seen = (await library.me(answer.json()["access_token"])).json()
    assert (seen["display_name"], seen["age"], seen["roles"]) == ("Ada", 36, ["user"])


async def test_a_refused_registration_does_not_spoil_the_callers_transaction(library: Application) -> None:
    """The unique index speaks inside a savepoint, so all that came before it stays, in memory too."""
    taken = await library.registered(nickname=new_email()[:30])
    other = await library.registered()
    async with own_session(library) as session:
        mine = await session.get_one(Reader, library.key(other))
        mine.display_name = "changed before"
        with pytest.raises(EmailTaken):
            await library.auth.accounts.register(wanted(taken.email), session=session)
        statement = select(Reader.nickname).where(Reader.email == taken.email)
        nickname = (await session.execute(statement)).scalar_one()
        with pytest.raises(Conflict):
            await library.auth.accounts.register(wanted(nickname=nickname), session=session)
        assert mine.display_name == "changed before"
        assert mine.email == other.email
        mine.age = 7
        await session.commit()
    assert await names_of(library, other.email) == ["changed before"]


async def test_an_update_in_the_callers_transaction_is_flushed_and_not_committed(library: Application) -> None:
    person = await library.registered()
    key = library.key(person)
    async with own_session(library) as session:
        mine = await session.get_one(Reader, key)
        account = await library.auth.accounts.update(key, {"display_name": "Ada"}, session=session)
        assert account.user is mine
        assert mine.touched == "touched by a function"
        assert await names_of(library, person.email) == ["somebody"]
        with pytest.raises(NotFound):
            await library.auth.accounts.update(uuid4(), {"display_name": "Eve"}, session=session)
        await session.commit()
    assert await names_of(library, person.email) == ["Ada"]


@pytest.mark.parametrize("call", ["issue", "end", "end_all", "end_others", "revoke", "disable", "change", "grant"])
async def test_the_library_expires_nothing_and_commits_nothing_of_the_caller(library: Application, call: str) -> None:
    """Load, change, call the library, change again, commit: no MissingGreenlet, and nothing half-done in between."""
    signed_in = await library.signed_in()
    key, auth = library.key(signed_in.person), library.auth
    async with own_session(library) as session:
        mine = await session.get_one(Reader, key)
        mine.display_name = "changed before"
        calls: dict[str, Callable[[], Any]] = {
            "issue": lambda: auth.tokens.issue(key, session=session),
            "end": lambda: auth.tokens.end(key, signed_in.session_id, session=session),
            "end_all": lambda: auth.tokens.end_all(key, session=session),
            "end_others": lambda: auth.tokens.end_others(key, uuid4(), session=session),
            "revoke": lambda: auth.tokens.revoke(signed_in.refresh_token, session=session),
            "disable": lambda: auth.accounts.disable(key, session=session),
            "change": lambda: auth.accounts.change_password(
                key, None, current=PASSWORD, new="another horse battery", session=session
            ),
            "grant": lambda: auth.grants.grant(key, "librarian", session=session),
        }
        await calls[call]()
        # That one comes from the database whenever the caller's own change is flushed.
        assert inspect(mine).expired_attributes <= {"server_touched"}
        assert mine.display_name == "changed before"
        assert mine.email == signed_in.person.email
        assert session.in_transaction()
        assert await names_of(library, signed_in.person.email) == ["somebody"]
        mine.age = 7
        await session.commit()
    (row,) = await library.sql("SELECT display_name, age FROM readers WHERE id = :id", id=key)
    assert tuple(row) == ("changed before", 7)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """The application's own, with two connections: a request that needs a third waits in vain."""
    made = create_async_engine(database_url, pool_size=2, max_overflow=0, pool_timeout=2)
    yield made
    await made.dispose()


@pytest.fixture
async def with_endpoints(database_url: str, redis_url: str, engine: AsyncEngine) -> AsyncIterator[Application]:
    """An application with a session dependency of its own, and endpoints that use it as applications do."""
    sessions = async_sessionmaker(engine)

    async def get_session() -> AsyncIterator[AsyncSession]:
        async with sessions() as session:
            yield session

    Session = Annotated[AsyncSession, Depends(get_session)]

    def build(auth: Auth[Any]) -> FastAPI:
        app = FastAPI(lifespan=auth.lifespan)
        auth.install(app)
        User = Annotated[Reader, Depends(auth.current_user())]

        @app.get("/same")
        async def same(user: User, session: Session) -> bool:
            return user in session

        @app.put("/name/{name}")
        async def rename(name: str, user: User, session: Session) -> dict[str, Any]:
            user.display_name = name
            await session.commit()
            await session.refresh(user)
            return {"name": user.display_name}

        @app.put("/leave/{name}")
        async def leave(name: str, user: User, session: Session) -> dict[str, Any]:
            user.display_name = name
            # In a transaction of its own, while the change above waits in ours.
            await auth.tokens.end_all(user.id)
            found = {"name": user.display_name, "email": user.email}
            await session.commit()
            return found

        @app.put("/forget/{name}")
        async def forget(name: str, user: User, session: Session) -> str:
            user.display_name = name
            await auth.grants.grant(user.id, "guest", session=session)
            return user.email

        return app

    settings = settings_for(database_url, redis_url)
    async with running(Reader, settings=settings, build=build, engine=engine, connect=get_session) as made:
        yield made


async def test_what_an_endpoint_does_not_commit_is_not_stored(with_endpoints: Application) -> None:
    """The library's part in the same transaction goes with it."""
    session = await with_endpoints.signed_in()
    answer = await with_endpoints.http.put("/forget/Eve", headers=session.headers)
    assert answer.json() == session.person.email
    assert await names_of(with_endpoints, session.person.email) == ["somebody"]
    assert (await with_endpoints.http.get("/auth/permissions", headers=session.headers)).json()["roles"] == []


async def test_the_user_of_an_endpoint_is_on_the_endpoints_session(with_endpoints: Application) -> None:
    session = await with_endpoints.signed_in()
    assert (await with_endpoints.http.get("/same", headers=session.headers)).json() is True
    answer = await with_endpoints.http.put("/name/Ada", headers=session.headers)
    assert answer.json() == {"name": "Ada"}
    assert await names_of(with_endpoints, session.person.email) == ["Ada"]


async def test_a_library_call_in_between_leaves_the_endpoints_transaction_alone(with_endpoints: Application) -> None:
    session = await with_endpoints.signed_in()
    answer = await with_endpoints.http.put("/leave/Ada", headers=session.headers)
    assert answer.json() == {"name": "Ada", "email": session.person.email}
    assert await names_of(with_endpoints, session.person.email) == ["Ada"]
    assert_dead(await with_endpoints.me(session))


async def test_the_engine_of_the_application_stays_open_after_the_end(database_url: str, engine: AsyncEngine) -> None:
    settings = settings_for(database_url)
    for _ in range(2):
        async with running(Reader, settings=settings, engine=engine) as application:
            await application.registered()
        async with engine.connect() as connection:
            assert (await connection.exec_driver_sql("SELECT 1")).scalar_one() == 1


async def test_the_plain_registration_model_will_do(library: Application) -> None:
    """A script need not name the fields of the application's own."""
    account = await library.auth.accounts.register(UserCreate(email=new_email(), password=SecretStr(PASSWORD)))
    assert account.user.display_name == "somebody"
    assert (await library.auth.accounts.find_by_email(account.user.email.upper())).user.id == account.user.id
    with pytest.raises(NotFound):
        await library.auth.accounts.find_by_email("nobody")
    with pytest.raises(NotFound):
        await library.auth.accounts.find(uuid4())
