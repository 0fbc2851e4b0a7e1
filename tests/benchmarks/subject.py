"""The library as its guide sets it up, with routes that do nothing but stand behind a guard."""

from typing import Annotated

from fastapi import Depends, FastAPI
from sqlalchemy.orm import DeclarativeBase

from fastapi_beyond_crud import Auth, Principal, UserMixin

PERMISSION = "books:read"
PERMISSIONS = {f"permissions-{count}": count for count in (1, 100, 1000)}
ROLES = [f"role-{number}" for number in range(100)]


class Base(DeclarativeBase): ...


class User(UserMixin, Base):
    """An account."""

    __tablename__ = "users"


def role_map() -> dict[str, list[str]]:
    """Roles with 1, 100 and 1,000 permissions, and a hundred roles with two; each has `PERMISSION`."""
    roles = {"reader": [PERMISSION]}
    roles |= {name: [PERMISSION, *(f"things:act-{n}" for n in range(count - 1))] for name, count in PERMISSIONS.items()}
    return roles | {name: [PERMISSION, f"{name}:act"] for name in ROLES}


auth = Auth(User, roles=role_map())


def create_app() -> FastAPI:
    """The application; ``/bare`` has no guard."""
    app = FastAPI(lifespan=auth.lifespan)
    auth.install(app)

    @app.get("/bare")
    async def bare() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/require", dependencies=[Depends(auth.require(PERMISSION))])
    async def require() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/principal")
    async def principal(caller: Annotated[Principal, Depends(auth.current_principal())]) -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/user")
    async def user(user: Annotated[User, Depends(auth.current_user())]) -> dict[str, str]:
        return {"status": "ok"}

    return app
