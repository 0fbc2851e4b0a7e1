"""How many SQL statements an answer takes: a constant, whatever it holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncSession

from tests.bookly.house import API, Bookly, Cast


@contextmanager
def statements(bookly: Bookly) -> Iterator[list[str]]:
    """The statements of the application that are sent within the block."""
    engine = import_module("examples.bookly.database").engine.sync_engine
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        # The library's own background work, which looks after revocations, goes on meanwhile.
        if not any(table in statement for table in ("user_revocations", "user_sessions", "user_role_grants")):
            sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    ("path", "most"),
    [("/books?q={title}&limit=100", 2), ("/users/{owner}/books?limit=100", 3), ("/books/{book}", 3)],
    ids=["list", "of-a-user", "one"],
)
async def test_thirty_books_take_as_many_statements_as_one(bookly: Bookly, path: str, most: int) -> None:
    owner, readers = await bookly.signed_in(), [await bookly.signed_in() for _ in range(3)]
    counts = []
    for number in (1, 29):
        for index in range(number):
            book = await bookly.book(owner, title=f"Counted {owner.person.id}")
            await bookly.made(f"/books/{book['id']}/tags", owner, {"names": [f"tag {index}", f"tag {index + 1}"]})
            for reader in readers[: 1 + index % 3]:
                await bookly.review(book, reader)
        url = API + path.format(title=f"Counted {owner.person.id}", owner=owner.person.id, book=book["id"])
        with statements(bookly) as sent:
            answer = await bookly.http.get(url)
        counts.append(len(sent))
        assert answer.status_code == 200
        assert len(answer.json().get("items", [book])) in (1, 30)
    assert counts == [most, most], sent


async def test_the_reviews_of_all_authors_take_one_statement(bookly: Bookly, cast: Cast) -> None:
    book = await bookly.book(cast.user)
    for reader in (cast.user, cast.other, await bookly.signed_in()):
        await bookly.review(book, reader)
    with statements(bookly) as sent:
        answer = await bookly.http.get(f"{API}/reviews?limit=100", headers=cast.admin.headers)
    assert len(answer.json()["items"]) >= 3
    assert len(sent) == 1, sent


async def test_a_relationship_that_was_not_loaded_cannot_be_touched(bookly: Bookly, cast: Cast) -> None:
    """It would be a statement for each row, or MissingGreenlet; here it is an error in the first test that does it."""
    book_id = (await bookly.book(cast.user))["id"]
    models = import_module("examples.bookly.models")
    async with AsyncSession(import_module("examples.bookly.database").engine) as session:
        book = await session.get(models.Book, book_id)
        for name in ("owner", "reviews", "tags"):
            with pytest.raises(InvalidRequestError, match="lazy='raise'"):
                getattr(book, name)
        user = await session.get(models.User, cast.user.person.id)
        for name in ("books", "reviews"):
            with pytest.raises(InvalidRequestError, match="lazy='raise'"):
                getattr(user, name)
