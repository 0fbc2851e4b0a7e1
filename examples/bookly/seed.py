"""Accounts, books, tags and reviews to play with."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import date

from pydantic import SecretStr
from sqlalchemy import select

from examples.bookly.database import new_session, settings
from examples.bookly.models import Book, Review, Tag, User
from examples.bookly.security import auth
from examples.bookly.users.schemas import UserCreate
from fastapi_beyond_crud import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account of the demo."""

    role: str
    email: str
    password: str


BOOKS = (
    ("Dune", "Frank Herbert", date(1965, 8, 1), 412, "Spice, sand and prophecy.", ["science fiction", "classic"]),
    ("The Left Hand of Darkness", "Ursula K. Le Guin", date(1969, 3, 1), 286, None, ["science fiction"]),
    ("Pride and Prejudice", "Jane Austen", date(1813, 1, 28), 432, "A truth universally acknowledged.", ["classic"]),
    ("Gödel, Escher, Bach", "Douglas Hofstadter", date(1979, 1, 1), 777, "An eternal golden braid.", ["mathematics"]),
    ("The Hobbit", "J. R. R. Tolkien", date(1937, 9, 21), 310, "There, and back again.", ["fantasy", "classic"]),
)


async def seed() -> list[Account]:
    """Make what is missing; the accounts. Doing it again changes nothing."""
    accounts = [Account(role=role, email=f"{role}@example.com", password=_password(role)) for role in auth.roles.names]
    accounts.reverse()
    for account in accounts:
        await _ensure(account)
    await _ensure_books()
    return accounts


def _password(role: str) -> str:
    """A password that stays the same for one database, and that only those can work out who may enter it anyway.

    A fixed password, known to all who read this file, would be a hole in whatever database the demo is pointed at.
    """
    if settings.database_url is None:
        raise LookupError("DATABASE_URL")
    key = settings.database_url.get_secret_value().encode()
    digest = hmac.digest(key, f"bookly demo {role}".encode(), hashlib.sha256)
    return f"{role}-{base64.b32encode(digest[:10]).decode().lower()}"


async def _ensure(account: Account) -> None:
    try:
        await auth.accounts.find_by_email(account.email)
    except NotFound:
        wanted = UserCreate(email=account.email, password=SecretStr(account.password), name=account.role.title())
        await auth.accounts.register(wanted, is_verified=True, roles=[account.role])


async def _ensure_books() -> None:
    async with new_session() as session:
        users = {user.email: user for user in await session.scalars(select(User).where(User.email.in_(_EMAILS)))}
        user, admin = (users[email] for email in _EMAILS)
        if (await session.scalars(select(Book.id).where(Book.owner_id == user.id).limit(1))).first() is not None:
            return
        tags = {tag.name: tag for tag in await session.scalars(select(Tag))}
        for title, author, published_on, page_count, summary, names in BOOKS:
            book = Book(
                owner=user,
                title=title,
                author=author,
                published_on=published_on,
                page_count=page_count,
                language="en",
                summary=summary,
                tags=[tags.setdefault(name, Tag(name=name)) for name in names],
            )
            session.add(book)
            session.add(Review(book=book, author=admin, rating=5, text=f"I keep coming back to {title}."))
        await session.commit()


_EMAILS = ("user@example.com", "admin@example.com")
