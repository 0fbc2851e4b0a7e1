from typing import Annotated

from fastapi import Depends, FastAPI
from sqlalchemy.orm import DeclarativeBase

from fastapi_beyond_crud import Auth, UserMixin


class Base(DeclarativeBase): ...


class User(UserMixin, Base):  # your model, your columns, your migrations
    __tablename__ = "users"


auth = Auth(User, roles={"admin": ["*"], "user": ["books:read", "books:create"], "guest": ["books:read"]})
app = FastAPI(lifespan=auth.lifespan)
auth.install(app)  # /auth/register, login, refresh, logout, me, sessions, ... and problem responses

CurrentUser = Annotated[User, Depends(auth.current_user())]


@app.get("/books")
async def list_books(user: CurrentUser) -> list[str]:  # mypy knows that user is a User
    return [f"Dune, for {user.email}"]


@app.delete("/books/{book_id}", status_code=204, dependencies=[Depends(auth.require("books:delete"))])
async def delete_book(book_id: int) -> None: ...
