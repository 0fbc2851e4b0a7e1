"""The routes of tags."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from examples.bookly.books.schemas import BookDetail
from examples.bookly.database import SessionDep
from examples.bookly.paging import CursorText, Limit, Page
from examples.bookly.permissions import Permission
from examples.bookly.security import auth
from examples.bookly.tags import service
from examples.bookly.tags.schemas import BookTagsBody, TagBody, TagRead
from fastapi_beyond_crud import Conflict, NotFound, PermissionDenied, Principal, all_of, any_of, documents

router = APIRouter(tags=["tags"])

reader = Depends(auth.require(Permission.TAGS_READ))
creator = Depends(auth.require(Permission.TAGS_CREATE))
manager = Depends(auth.require(Permission.TAGS_MANAGE))
_edits_books = any_of(Permission.BOOKS_EDIT_OWN, Permission.BOOKS_MANAGE)
BookEditor = Annotated[Principal, Depends(auth.require(_edits_books))]
# Tagging may make new tags, so it asks for both.
Tagger = Annotated[Principal, Depends(auth.require(all_of(_edits_books, Permission.TAGS_CREATE)))]


@router.get("/tags", dependencies=[reader])
async def list_tags(session: SessionDep, limit: Limit = 20, cursor: CursorText = None) -> Page[TagRead]:
    """Tags, by name."""
    rows = await service.list_tags(session, limit=limit, cursor=cursor)
    return Page(items=[TagRead.model_validate(tag) for tag in rows.items], next_cursor=rows.next_cursor)


@router.post("/tags", status_code=201, dependencies=[creator], responses=documents(Conflict))
async def create_tag(body: TagBody, session: SessionDep, request: Request, response: Response) -> TagRead:
    """Make a tag."""
    tag = await service.create_tag(session, body.name)
    response.headers["Location"] = request.app.url_path_for("update_tag", tag_id=tag.id)
    return TagRead.model_validate(tag)


@router.patch("/tags/{tag_id}", dependencies=[manager], responses=documents(NotFound, Conflict))
async def update_tag(tag_id: UUID, body: TagBody, session: SessionDep) -> TagRead:
    """Rename a tag, on all its books."""
    return TagRead.model_validate(await service.rename_tag(session, tag_id, body.name))


@router.delete("/tags/{tag_id}", status_code=204, dependencies=[manager], responses=documents(NotFound))
async def delete_tag(tag_id: UUID, session: SessionDep) -> None:
    """Delete a tag. The books stay."""
    await service.delete_tag(session, tag_id)


@router.post("/books/{book_id}/tags", status_code=201, responses=documents(NotFound, PermissionDenied, Conflict))
async def tag_book(
    book_id: UUID, body: BookTagsBody, caller: Tagger, session: SessionDep, request: Request, response: Response
) -> BookDetail:
    """Put tags on a book of yours; those that do not exist yet are made."""
    book = await service.tag_book(session, book_id, body.names, caller)
    response.headers["Location"] = request.app.url_path_for("read_book", book_id=book.id)
    return BookDetail.model_validate(book)


@router.delete("/books/{book_id}/tags/{tag_id}", status_code=204, responses=documents(NotFound, PermissionDenied))
async def untag_book(book_id: UUID, tag_id: UUID, caller: BookEditor, session: SessionDep) -> None:
    """Take a tag off a book of yours. The tag itself stays."""
    await service.untag_book(session, book_id, tag_id, caller)
