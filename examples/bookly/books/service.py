"""What the routes of books do. Each function that changes something commits once, at its end."""

from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, joinedload, selectinload

from examples.bookly.books.schemas import BookCreate, BookOrder, BookUpdate
from examples.bookly.models import Book, Review, Tag, User
from examples.bookly.paging import DATE, MOMENT, TEXT, Rows, Sort, read_page
from examples.bookly.permissions import Permission, ensure_may_edit
from examples.bookly.text import folded
from fastapi_beyond_crud import NotFound, Principal

# The owner of a book is one row: joinedload brings it along in the same statement. Its tags are many: selectinload
# reads those of all books of the page with one more statement, however many books there are.
_IN_A_LIST = (joinedload(Book.owner).load_only(User.name), selectinload(Book.tags))
_IN_DETAIL = (*_IN_A_LIST, selectinload(Book.reviews).joinedload(Review.author).load_only(User.name))

_COLUMNS: dict[str, tuple[InstrumentedAttribute[Any], TypeAdapter[Any]]] = {
    "created_at": (Book.created_at, MOMENT),
    "published_on": (Book.published_on, DATE),
    "title": (Book.title, TEXT),
}


def _sort(order: BookOrder) -> Sort:
    column, value_type = _COLUMNS[order.value.removeprefix("-")]
    descending = order.value.startswith("-")
    return Sort(name=order.value, column=column, key=Book.id, value_type=value_type, descending=descending)


async def list_books(
    session: AsyncSession,
    *,
    order: BookOrder,
    limit: int,
    cursor: str | None,
    q: str | None = None,
    tag: str | None = None,
    owner_id: UUID | None = None,
) -> Rows[Book]:
    """A page of books, each with its owner and tags: two statements, for one book or a hundred.

    Args:
        q: Part of the title or of the author, in any case.
        tag: A tag's name, normalised.
        owner_id: Only the books of this user.

    Raises:
        ValidationFailed: The cursor is not one of this list.
    """
    query: Select[Book] = select(Book).options(*_IN_A_LIST)
    if q is not None:
        # autoescape: a percent sign in the search is a percent sign, not "anything".
        query = query.where(Book.search_text.contains(folded(q), autoescape=True))
    if tag is not None:
        query = query.where(Book.tags.any(Tag.name == tag))
    if owner_id is not None:
        query = query.where(Book.owner_id == owner_id)
    return await read_page(session, query, _sort(order), limit=limit, cursor=cursor)


async def list_books_of_user(
    session: AsyncSession, user_id: UUID, *, order: BookOrder, limit: int, cursor: str | None
) -> Rows[Book]:
    """A page of one user's books.

    Raises:
        NotFound: There is no such user.
        ValidationFailed: The cursor is not one of this list.
    """
    if await session.get(User, user_id) is None:
        raise NotFound
    return await list_books(session, order=order, limit=limit, cursor=cursor, owner_id=user_id)


async def read_book(session: AsyncSession, book_id: UUID) -> Book:
    """One book with owner, tags and reviews: three statements, for one review or a thousand.

    Raises:
        NotFound: There is no such book.
    """
    # populate_existing: after a change in the same session, what is read now counts.
    query = select(Book).where(Book.id == book_id).options(*_IN_DETAIL).execution_options(populate_existing=True)
    book = (await session.scalars(query)).one_or_none()
    if book is None:
        raise NotFound
    return book


async def create_book(session: AsyncSession, owner: User, body: BookCreate) -> Book:
    """A new book of this owner."""
    book = Book(owner=owner, **body.model_dump())
    session.add(book)
    await session.flush()
    created = await read_book(session, book.id)
    await session.commit()
    return created


async def update_book(session: AsyncSession, book_id: UUID, body: BookUpdate, caller: Principal) -> Book:
    """Change the fields that were sent, and no others.

    Raises:
        NotFound: There is no such book.
        PermissionDenied: It is somebody else's.
    """
    book = await editable_book(session, book_id, caller)
    for name, value in body.model_dump(exclude_unset=True).items():
        setattr(book, name, value)
    await session.flush()
    changed = await read_book(session, book_id)
    await session.commit()
    return changed


async def delete_book(session: AsyncSession, book_id: UUID, caller: Principal) -> None:
    """Delete a book, its reviews, and its links to tags.

    Raises:
        NotFound: There is no such book.
        PermissionDenied: It is somebody else's.
    """
    await session.delete(await editable_book(session, book_id, caller))
    await session.commit()


async def editable_book(session: AsyncSession, book_id: UUID, caller: Principal) -> Book:
    """The book, locked until the end of the transaction, if the caller may edit it.

    The lock makes a change and a deletion of one book follow one another: without it, a book that is deleted between
    our SELECT and our UPDATE would be an error of the server instead of a 404.

    Raises:
        NotFound: There is no such book.
        PermissionDenied: It is somebody else's.
    """
    book = await session.get(Book, book_id, with_for_update=True)
    if book is None:
        raise NotFound
    ensure_may_edit(caller, book.owner_id, manage=Permission.BOOKS_MANAGE)
    return book
