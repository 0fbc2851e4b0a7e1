"""fastapi-fullauth with its SQLAlchemy adapter and its blacklist in Redis; limits on attempts are off."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from fastapi_fullauth import FullAuth, FullAuthConfig
from fastapi_fullauth.adapters import SQLAlchemyAdapter
from fastapi_fullauth.dependencies.current_user import current_token_payload, current_user
from fastapi_fullauth.models.sqlalchemy import RefreshTokenMixin, RoleMixin, UserMixin, UserRoleMixin
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, relationship


class Base(DeclarativeBase): ...


class RefreshToken(RefreshTokenMixin, Base): ...


class Role(RoleMixin, Base): ...


class UserRole(UserRoleMixin, Base): ...


class User(UserMixin, Base):
    roles: Mapped[list[Role]] = relationship(secondary="fullauth_user_roles", lazy="selectin")
    refresh_tokens: Mapped[list[RefreshToken]] = relationship(lazy="raise", passive_deletes=True)


# Room for all clients of the benchmarks: what does not fit is opened and closed for each request.
engine = create_async_engine(os.environ["DATABASE_URL"], pool_size=20)
fullauth: FullAuth[Any, Any] = FullAuth(
    adapter=SQLAlchemyAdapter(
        async_sessionmaker(engine, expire_on_commit=False),
        user_model=User,
        refresh_token_model=RefreshToken,
        role_model=Role,
        user_role_model=UserRole,
    ),
    config=FullAuthConfig(
        SECRET_KEY=os.environ["RIVAL_SECRET"],
        REDIS_URL=os.environ["REDIS_URL"],
        AUTH_RATE_LIMIT_ENABLED=False,
        LOCKOUT_ENABLED=False,
    ),
)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)
fullauth.init_app(app, include_routers=["auth"])


@app.get("/bare")
async def bare() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/claims")
async def claims(payload: Annotated[Any, Depends(current_token_payload)]) -> dict[str, str]:
    return {"status": "ok"}


@app.get("/user")
async def user(user: Annotated[Any, Depends(current_user)]) -> dict[str, str]:
    return {"status": "ok"}
