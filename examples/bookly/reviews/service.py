"""What the routes of reviews do."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from examples.bookly.models import Book, Review, User
from examples.bookly.paging import MOMENT, Rows, Sort, read_page
from examples.bookly.permissions import Permission, ensure_may_edit
from examples.bookly.reviews.schemas import ReviewCreate, ReviewUpdate
from fastapi_beyond_crud import Conflict, NotFound, Principal

_NEWEST = Sort(name="-created_at", column=Review.created_at, key=Review.id, value_type=MOMENT, descending=True)
_WITH_AUTHOR = joinedload(Review.author).load_only(User.name)


async def list_reviews(session: AsyncSession, *, limit: int, cursor: str | None) -> Rows[Review]:
    """A page of all reviews, the newest first.

    Raises:
        ValidationFailed: The cursor is not one of this list.
    """
    return await read_page(session, select(Review).options(_WITH_AUTHOR), _NEWEST, limit=limit, cursor=cursor)


async def read_review(session: AsyncSession, review_id: UUID) -> Review:
    """One review and who wrote it.

    Raises:
        NotFound: There is no such review.
    """
    query = select(Review).where(Review.id == review_id).options(_WITH_AUTHOR).execution_options(populate_existing=True)
    review = (await session.scalars(query)).one_or_none()
    if review is None:
        raise NotFound
    return review


async def create_review(session: AsyncSession, book_id: UUID, body: ReviewCreate, caller: Principal) -> Review:
    """The caller's review of a book. Of two at once, the unique index lets exactly one through.

    Raises:
        NotFound: There is no such book.
        Conflict: The caller has reviewed it before.
    """
    # The lightest of locks: the book cannot be deleted before we are done, and other reviews need not wait.
    locked = select(Book.id).where(Book.id == book_id).with_for_update(read=True, key_share=True)
    if (await session.scalars(locked)).one_or_none() is None:
        raise NotFound
    values = {"book_id": book_id, "author_id": caller.id, **body.model_dump()}
    added = insert(Review).values(values).on_conflict_do_nothing(index_elements=["book_id", "author_id"])
    review_id = (await session.scalars(added.returning(Review.id))).one_or_none()
    if review_id is None:
        raise Conflict("You have reviewed this book before; change that review instead.")
    review = await read_review(session, review_id)
    await session.commit()
    return review


async def update_review(session: AsyncSession, review_id: UUID, body: ReviewUpdate, caller: Principal) -> Review:
    """Change the fields that were sent, and no others.

    Raises:
        NotFound: There is no such review.
        PermissionDenied: It is somebody else's.
    """
    review = await _editable_review(session, review_id, caller)
    for name, value in body.model_dump(exclude_unset=True).items():
        setattr(review, name, value)
    await session.flush()
    changed = await read_review(session, review_id)
    await session.commit()
    return changed


async def delete_review(session: AsyncSession, review_id: UUID, caller: Principal) -> None:
    """Delete a review.

    Raises:
        NotFound: There is no such review.
        PermissionDenied: It is somebody else's.
    """
    await session.delete(await _editable_review(session, review_id, caller))
    await session.commit()


async def _editable_review(session: AsyncSession, review_id: UUID, caller: Principal) -> Review:
    review = await session.get(Review, review_id, with_for_update=True)
    if review is None:
        raise NotFound
    ensure_may_edit(caller, review.author_id, manage=Permission.REVIEWS_MANAGE)
    return review
