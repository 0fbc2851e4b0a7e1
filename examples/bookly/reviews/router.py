"""The routes of reviews."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from examples.bookly.database import SessionDep
from examples.bookly.paging import CursorText, Limit, Page
from examples.bookly.permissions import Permission
from examples.bookly.reviews import service
from examples.bookly.reviews.schemas import ReviewCreate, ReviewRead, ReviewUpdate
from examples.bookly.security import auth
from fastapi_beyond_crud import Conflict, NotFound, PermissionDenied, Principal, any_of, documents

router = APIRouter(tags=["reviews"])

reader = Depends(auth.require(Permission.REVIEWS_READ))
manager = Depends(auth.require(Permission.REVIEWS_MANAGE))
Creator = Annotated[Principal, Depends(auth.require(Permission.REVIEWS_CREATE))]
Editor = Annotated[Principal, Depends(auth.require(any_of(Permission.REVIEWS_EDIT_OWN, Permission.REVIEWS_MANAGE)))]


@router.post("/books/{book_id}/reviews", status_code=201, responses=documents(NotFound, Conflict))
async def create_review(
    book_id: UUID, body: ReviewCreate, caller: Creator, session: SessionDep, request: Request, response: Response
) -> ReviewRead:
    """Say what you think of a book, once."""
    review = await service.create_review(session, book_id, body, caller)
    response.headers["Location"] = request.app.url_path_for("read_review", review_id=review.id)
    return ReviewRead.model_validate(review)


@router.get("/reviews", dependencies=[manager])
async def list_reviews(session: SessionDep, limit: Limit = 20, cursor: CursorText = None) -> Page[ReviewRead]:
    """All reviews, the newest first, for those who look after them."""
    rows = await service.list_reviews(session, limit=limit, cursor=cursor)
    return Page(items=[ReviewRead.model_validate(review) for review in rows.items], next_cursor=rows.next_cursor)


@router.get("/reviews/{review_id}", dependencies=[reader], responses=documents(NotFound))
async def read_review(review_id: UUID, session: SessionDep) -> ReviewRead:
    """One review."""
    return ReviewRead.model_validate(await service.read_review(session, review_id))


@router.patch("/reviews/{review_id}", responses=documents(NotFound, PermissionDenied))
async def update_review(review_id: UUID, body: ReviewUpdate, caller: Editor, session: SessionDep) -> ReviewRead:
    """Change a review of yours. What is left out stays."""
    return ReviewRead.model_validate(await service.update_review(session, review_id, body, caller))


@router.delete("/reviews/{review_id}", status_code=204, responses=documents(NotFound, PermissionDenied))
async def delete_review(review_id: UUID, caller: Editor, session: SessionDep) -> None:
    """Delete a review of yours."""
    await service.delete_review(session, review_id, caller)
