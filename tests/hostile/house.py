"""An application with everything that the library offers, under the eyes of a witness."""

from datetime import date
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from pydantic import Field
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from starlette.types import ASGIApp, Receive, Scope, Send

from fastapi_beyond_crud import Auth, CleanText, UserCreate, UserMixin, UserRead, UserUpdate

ROLES = {"admin": ["*"], "user": ["books:read"], "guest": ["books:read"]}
SECRET = "sesame-in-the-traceback"


class Base(DeclarativeBase): ...


class Resident(UserMixin, Base):
    """An account with fields of every common type."""

    __tablename__ = "residents"

    nickname: Mapped[str | None] = mapped_column(unique=True)
    about: Mapped[str | None]
    floor: Mapped[int | None]
    height: Mapped[float | None]
    born_on: Mapped[date | None]
    has_dog: Mapped[bool | None]


class ResidentCreate(UserCreate):
    """A registration with a field of the application's own."""

    nickname: Annotated[str, Field(max_length=40)] | None = None


class ResidentUpdate(UserUpdate):
    """What people may change themselves."""

    nickname: Annotated[str, Field(max_length=40)] | None = None
    about: CleanText | None = None
    floor: Annotated[int, Field(ge=-2, le=40)] | None = None
    height: Annotated[float, Field(allow_inf_nan=False)] | None = None
    born_on: date | None = None
    has_dog: bool | None = None


class ResidentRead(UserRead):
    """An account from outside."""

    nickname: str | None


class Witness:
    """Middleware that remembers every exception, so that none hides behind a polite answer."""

    def __init__(self, app: ASGIApp, seen: list[BaseException]) -> None:
        self.app = app
        self._seen = seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except BaseException as error:
            self._seen.append(error)
            raise


def make_auth(**options: Any) -> Auth[Any]:
    """Auth for residents."""
    return Auth(Resident, roles=ROLES, create=ResidentCreate, read=ResidentRead, update=ResidentUpdate, **options)


def build(auth: Auth[Any], seen: list[BaseException]) -> FastAPI:
    """The application, with a few routes that fail on purpose."""
    app = FastAPI(lifespan=auth.lifespan)
    auth.install(app)
    app.add_middleware(Witness, seen=seen)
    _add_faults(app, auth)
    return app


STATEMENTS = {
    "nonsense": "SELECT nonsense FROM nowhere",
    "type": "SELECT 'x' + 1",
    "division": "SELECT 1 / 0",
    "overflow": "SELECT 2147483647 + 1",
    "number": "SELECT CAST('x' AS int)",
    "nul": r"SELECT convert_from('\x00', 'UTF8')",
    "limit": "SELECT 1 LIMIT -1",
    "date": "SELECT CAST('2024-02-30' AS date)",
    "unique": "INSERT INTO faults (id) VALUES (1), (1)",
    "check": "INSERT INTO faults (id, positive) VALUES (2, -1)",
    "null": "INSERT INTO faults (id) VALUES (NULL)",
    "foreign-key": "INSERT INTO faults (id, parent) VALUES (3, 4711)",
    "serialisation": "DO $$ BEGIN RAISE EXCEPTION 'sesame-in-the-traceback' USING ERRCODE = '40001'; END $$",
    "deadlock": "DO $$ BEGIN RAISE EXCEPTION 'sesame-in-the-traceback' USING ERRCODE = '40P01'; END $$",
    "full": "DO $$ BEGIN RAISE EXCEPTION 'sesame-in-the-traceback' USING ERRCODE = '53300'; END $$",
    "ending": "DO $$ BEGIN RAISE EXCEPTION 'sesame-in-the-traceback' USING ERRCODE = '57P01'; END $$",
}

TABLE = """
    CREATE TABLE IF NOT EXISTS faults (
        id int PRIMARY KEY,
        positive int CHECK (positive > 0),
        parent int REFERENCES faults (id),
        words text
    )
"""


def _add_faults(app: FastAPI, auth: Auth[Any]) -> None:
    Session = Annotated[AsyncSession, Depends(auth.session)]

    @app.get("/faults/mistake")
    async def mistake() -> None:
        raise RuntimeError(f"postgresql://root:{SECRET}@db/app")

    @app.get("/faults/mistake-with-a-guard")
    async def guarded(caller: Annotated[Any, Depends(auth.current_principal(optional=True))]) -> None:
        raise KeyError(SECRET)

    @app.get("/faults/sql/{name}")
    async def sql(name: str, session: Session) -> None:
        await session.execute(text(STATEMENTS[name]))

    @app.post("/faults/words")
    async def words(body: dict[str, Any], session: Session) -> None:
        await session.execute(text("INSERT INTO faults (id, words) VALUES (:id, :words)"), body)
