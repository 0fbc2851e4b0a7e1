"""The routes of books. A route translates: from HTTP to a call, and from what comes back to HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from examples.bookly.books import service
from examples.bookly.books.schemas import BookCreate, BookDetail, BookOrder, BookRead, BookUpdate
from examples.bookly.database import SessionDep
from examples.bookly.models import Book
from examples.bookly.paging import CursorText, Limit, Page, Rows
from examples.bookly.permissions import Permission
from examples.bookly.security import CurrentUser, auth
from examples.bookly.tags.schemas import TagName
from fastapi_beyond_crud import CleanText, NotFound, PermissionDenied, Principal, any_of, documents

router = APIRouter(tags=["books"])

# The guards. They are asked before the body of a request is read: whoever may not create a book cannot make the server
# parse one. "Reader" lets guests in, and callers without a token, for those are guests.
reader = Depends(auth.require(Permission.BOOKS_READ))
creator = Depends(auth.require(Permission.BOOKS_CREATE))
Editor = Annotated[Principal, Depends(auth.require(any_of(Permission.BOOKS_EDIT_OWN, Permission.BOOKS_MANAGE)))]

Search = Annotated[CleanText | None, Query(max_length=100, description="Part of the title or the author.")]
TagFilter = Annotated[TagName | None, Query(description="The name of a tag.")]
Order = Annotated[BookOrder, Query()]


@router.get("/books", dependencies=[reader])
async def list_books(
    session: SessionDep,
    limit: Limit = 20,
    cursor: CursorText = None,
    q: Search = None,
    tag: TagFilter = None,
    sort: Order = BookOrder.NEWEST,
) -> Page[BookRead]:
    """Books, in pages."""
    return _page(await service.list_books(session, order=sort, limit=limit, cursor=cursor, q=q, tag=tag))


@router.post("/books", status_code=201, dependencies=[creator])
async def create_book(
    body: BookCreate, user: CurrentUser, session: SessionDep, request: Request, response: Response
) -> BookDetail:
    """Enter a book. It is yours."""
    book = await service.create_book(session, user, body)
    response.headers["Location"] = request.app.url_path_for("read_book", book_id=book.id)
    return BookDetail.model_validate(book)


@router.get("/books/{book_id}", dependencies=[reader], responses=documents(NotFound))
async def read_book(book_id: UUID, session: SessionDep) -> BookDetail:
    """One book, with its owner, tags and reviews."""
    return BookDetail.model_validate(await service.read_book(session, book_id))


@router.patch("/books/{book_id}", responses=documents(NotFound, PermissionDenied))
async def update_book(book_id: UUID, body: BookUpdate, caller: Editor, session: SessionDep) -> BookDetail:
    """Change a book of yours. What is left out stays; `"summary": null` takes the summary away."""
    return BookDetail.model_validate(await service.update_book(session, book_id, body, caller))


@router.delete("/books/{book_id}", status_code=204, responses=documents(NotFound, PermissionDenied))
async def delete_book(book_id: UUID, caller: Editor, session: SessionDep) -> None:
    """Delete a book of yours, with its reviews."""
    await service.delete_book(session, book_id, caller)


@router.get("/users/{user_id}/books", dependencies=[reader], responses=documents(NotFound))
async def list_books_of_user(
    user_id: UUID,
    session: SessionDep,
    limit: Limit = 20,
    cursor: CursorText = None,
    sort: Order = BookOrder.NEWEST,
) -> Page[BookRead]:
    """The books of one user: the same relationship from the other side."""
    return _page(await service.list_books_of_user(session, user_id, order=sort, limit=limit, cursor=cursor))


def _page(rows: Rows[Book]) -> Page[BookRead]:
    return Page(items=[BookRead.model_validate(book) for book in rows.items], next_cursor=rows.next_cursor)
