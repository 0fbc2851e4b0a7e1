"""A whole application on real servers, in this process or for processes of its own."""

import base64
import json
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import httpx
from fastapi import Depends, FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from fastapi_beyond_crud import Auth, AuthSettings, Principal, UserMixin, load_settings

PASSWORD = "correct horse battery"
ROLES = {
    "admin": ["*"],
    "librarian": ["books:read", "books:delete"],
    "user": ["books:read", "books:create"],
    "guest": ["books:read"],
}


class Base(DeclarativeBase): ...


class User(UserMixin, Base):
    """The account model of tests that need nothing special."""

    __tablename__ = "users"

    nickname: Mapped[str | None] = mapped_column(unique=True)


@dataclass(frozen=True, kw_only=True)
class Person:
    """An account whose password is known."""

    id: str
    email: str
    password: str

    @property
    def credentials(self) -> dict[str, str]:
        """The body of a log-in."""
        return {"email": self.email, "password": self.password}


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """A session of a person, as the client holds it."""

    person: Person
    access_token: str
    refresh_token: str

    @property
    def headers(self) -> dict[str, str]:
        """The header that a signed-in client sends."""
        return bearer(self.access_token)

    @property
    def claims(self) -> dict[str, Any]:
        """What the access token says."""
        return claims_of(self.access_token)

    @property
    def session_id(self) -> UUID:
        """The id of the session."""
        return UUID(self.claims["sid"])


class Client:
    """What people do, through the front door: over HTTP, whatever carries it.

    Attributes:
        http: Sends requests to the application.
    """

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def registered(self, email: str | None = None, *, password: str = PASSWORD, **fields: Any) -> Person:
        """A new account, with an address of its own unless one is given."""
        body = {"email": email or new_email(), "password": password, **fields}
        answer = await self.http.post("/auth/register", json=body)
        assert answer.status_code == 201, answer.text
        return Person(id=str(answer.json()["id"]), email=answer.json()["email"], password=password)

    async def signed_in(self, person: Person | None = None) -> SignedIn:
        """A new session, of a new account unless one is given."""
        known = person or await self.registered()
        answer = await self.http.post("/auth/login", json=known.credentials)
        assert answer.status_code == 200, answer.text
        return signed_in_by(answer, known)

    async def refreshed(self, session: SignedIn) -> SignedIn:
        """The same session after its refresh token was spent."""
        answer = await self.refresh(session.refresh_token)
        assert answer.status_code == 200, answer.text
        return signed_in_by(answer, session.person)

    async def refresh(self, refresh_token: Any) -> httpx.Response:
        """The answer to a refresh token."""
        return await self.http.post("/auth/refresh", json={"refresh_token": refresh_token})

    async def me(self, session: SignedIn | str) -> httpx.Response:
        """The answer to whoever asks who they are, with an access token."""
        token = session if isinstance(session, str) else session.access_token
        return await self.http.get("/auth/me", headers=bearer(token))


class Application(Client):
    """An application that runs in this process.

    Attributes:
        auth: Its Auth.
        app: The FastAPI application.
    """

    def __init__(self, auth: Auth[Any], app: FastAPI, http: httpx.AsyncClient) -> None:
        super().__init__(http)
        self.auth = auth
        self.app = app

    async def sql(self, statement: str, **values: Any) -> Sequence[Any]:
        """Run a statement on the application's database by hand, and commit; the rows, if it gives any."""
        async with self.auth.runtime.database.engine.begin() as connection:
            result = await connection.execute(text(statement), values)
            return result.all() if result.returns_rows else ()

    async def issued(self, person: Person) -> SignedIn:
        """A new session without a log-in, which spares the work of hashing."""
        pair = await self.auth.tokens.issue(self.key(person), amr=("pwd",))
        return SignedIn(person=person, access_token=pair.access_token, refresh_token=pair.refresh_token)

    async def granted(self, person: Person, *roles: str) -> None:
        """Let the system grant roles."""
        for role in roles:
            await self.auth.grants.grant(self.key(person), role)

    def key(self, person: Person) -> Any:
        """The account's key, in the type of the column."""
        return self.auth._surface.read_key(person.id)


def demo(auth: Auth[Any], **install: Any) -> FastAPI:
    """An application with a few routes of its own: ``/ready``, ``/whoami``, ``/books``."""
    app = FastAPI(lifespan=auth.lifespan)
    auth.install(app, **install)

    @app.get("/ready")
    async def ready() -> bool:
        return True

    @app.get("/whoami")
    async def whoami(caller: Annotated[Principal, Depends(auth.current_principal())]) -> dict[str, Any]:
        return {"id": str(caller.id), "roles": sorted(caller.roles), "session_id": str(caller.session_id)}

    @app.get("/profile")
    async def profile(user: Annotated[Any, Depends(auth.current_user())]) -> dict[str, Any]:
        return {"id": str(user.id), "email": user.email}

    @app.get("/books", dependencies=[Depends(auth.require("books:read"))])
    async def list_books() -> list[str]:
        return ["Dune"]

    @app.delete("/books/{book_id}", status_code=204, dependencies=[Depends(auth.require("books:delete"))])
    async def delete_book(book_id: int) -> None: ...

    return app


def settings_for(database_url: str, redis_url: str | None = None, **overrides: Any) -> AuthSettings:
    """Settings for tests: everybody may register, tables are made, and no other application shares the names.

    The secret and the issuer are new each time, so that two applications on one server do not meet in Redis.
    """
    values = {
        "database_url": database_url,
        "redis_url": redis_url,
        "secret_key": secrets.token_urlsafe(32),
        "issuer": f"test-{secrets.token_hex(6)}",
        "registration": "open",
        "require_verified": False,
        "create_tables": True,
    }
    return load_settings(_env_file=None, **{**values, **overrides})


@asynccontextmanager
async def running(
    user: type[Any] = User,
    *,
    settings: AuthSettings,
    build: Callable[[Auth[Any]], FastAPI] = demo,
    engine: AsyncEngine | None = None,
    **options: Any,
) -> AsyncIterator[Application]:
    """Run an application for one account model in this process, from its start to its end.

    Args:
        build: Makes the application; by default `demo`.
        options: More arguments of ``Auth``; the roles are `ROLES` unless others are given.
    """
    auth: Auth[Any] = Auth(user, settings=settings, engine=engine, **{"roles": ROLES, **options})
    app = build(auth)
    async with auth.lifespan(app), asgi_client(app) as http:
        yield Application(auth, app, http)


def asgi_client(app: FastAPI, *, raises: bool = True) -> httpx.AsyncClient:
    """A client of an application in this process.

    Args:
        raises: Whether an exception that leaves the application is raised here, or answered with 500.
    """
    transport = httpx.ASGITransport(app, raise_app_exceptions=raises)
    return httpx.AsyncClient(transport=transport, base_url="http://test")


def new_email() -> str:
    """An address that nobody has."""
    return f"someone-{secrets.token_hex(8)}@example.com"


def bearer(token: str) -> dict[str, str]:
    """The Authorization header."""
    return {"Authorization": f"Bearer {token}"}


def claims_of(access_token: str) -> dict[str, Any]:
    """The claims of an access token, unchecked."""
    payload = access_token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def signed_in_by(answer: httpx.Response, person: Person) -> SignedIn:
    """The session that an answer with a token pair speaks of."""
    pair = answer.json()
    return SignedIn(person=person, access_token=pair["access_token"], refresh_token=pair["refresh_token"])
