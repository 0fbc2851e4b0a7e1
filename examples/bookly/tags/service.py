"""What the routes of tags do."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from examples.bookly.books.service import editable_book, read_book
from examples.bookly.models import Book, Tag, book_tags
from examples.bookly.paging import TEXT, Rows, Sort, read_page
from fastapi_beyond_crud import Conflict, NotFound, Principal

TAGS_PER_BOOK = 50

_BY_NAME = Sort(name="name", column=Tag.name, key=Tag.id, value_type=TEXT)


async def list_tags(session: AsyncSession, *, limit: int, cursor: str | None) -> Rows[Tag]:
    """A page of tags, by name.

    Raises:
        ValidationFailed: The cursor is not one of this list.
    """
    return await read_page(session, select(Tag), _BY_NAME, limit=limit, cursor=cursor)


async def create_tag(session: AsyncSession, name: str) -> Tag:
    """A new tag. Of two at once, the unique index lets exactly one through.

    Raises:
        Conflict: There is one of this name.
    """
    added = insert(Tag).values(name=name).on_conflict_do_nothing(index_elements=["name"]).returning(Tag)
    tag = (await session.scalars(added)).one_or_none()
    if tag is None:
        raise _taken()
    await session.commit()
    return tag


async def rename_tag(session: AsyncSession, tag_id: UUID, name: str) -> Tag:
    """Give a tag another name, on all its books.

    Raises:
        NotFound: There is no such tag.
        Conflict: There is another one of this name.
    """
    tag = await session.get(Tag, tag_id, with_for_update=True)
    if tag is None:
        raise NotFound
    tag.name = name
    try:
        await session.commit()
    except IntegrityError:
        raise _taken() from None
    return tag


async def delete_tag(session: AsyncSession, tag_id: UUID) -> None:
    """Delete a tag, and its links to books.

    Raises:
        NotFound: There is no such tag.
    """
    gone = await session.scalars(delete(Tag).where(Tag.id == tag_id).returning(Tag.id))
    if gone.one_or_none() is None:
        raise NotFound
    await session.commit()


async def tag_book(session: AsyncSession, book_id: UUID, names: Iterable[str], caller: Principal) -> Book:
    """Put tags on a book; those that do not exist yet are made, those that it has already stay.

    Raises:
        NotFound: There is no such book.
        PermissionDenied: It is somebody else's.
        Conflict: The book would have too many tags, or a tag was deleted at this very moment.
    """
    await editable_book(session, book_id, caller)
    tag_ids = await _ids_of(session, sorted(set(names)))
    links = [{"book_id": book_id, "tag_id": tag_id} for tag_id in tag_ids]
    await session.execute(insert(book_tags).values(links).on_conflict_do_nothing())
    # The book is locked since the first line, so nobody else adds tags to it while they are counted.
    count = select(func.count()).select_from(book_tags).where(book_tags.c.book_id == book_id)
    if (await session.scalars(count)).one() > TAGS_PER_BOOK:
        raise Conflict(f"A book has {TAGS_PER_BOOK} tags at most.")
    book = await read_book(session, book_id)
    await session.commit()
    return book


async def untag_book(session: AsyncSession, book_id: UUID, tag_id: UUID, caller: Principal) -> None:
    """Take a tag off a book. The tag itself stays.

    Raises:
        NotFound: There is no such book, or it does not have this tag.
        PermissionDenied: The book is somebody else's.
    """
    await editable_book(session, book_id, caller)
    link = (book_tags.c.book_id == book_id) & (book_tags.c.tag_id == tag_id)
    gone = await session.scalars(delete(book_tags).where(link).returning(book_tags.c.tag_id))
    if gone.one_or_none() is None:
        raise NotFound
    await session.commit()


async def _ids_of(session: AsyncSession, names: Sequence[str]) -> Sequence[UUID]:
    """The keys of these tags, made where they are missing, and kept from being deleted until the end.

    The names are sorted, so that two requests that make the same tags take them in the same order: in opposite orders
    each would wait for the other for ever, and the database would end one of them.
    """
    wanted = [{"name": name} for name in names]
    await session.execute(insert(Tag).values(wanted).on_conflict_do_nothing(index_elements=["name"]))
    query = select(Tag.id).where(Tag.name.in_(names)).order_by(Tag.name).with_for_update(read=True, key_share=True)
    tag_ids = (await session.scalars(query)).all()
    if len(tag_ids) != len(names):
        raise Conflict("A tag was deleted meanwhile; try again.")
    return tag_ids


def _taken() -> Conflict:
    return Conflict("There is a tag of this name.")
