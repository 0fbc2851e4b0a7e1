"""Bookly in this process: who its users are, and what they do."""

import secrets
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI

from fastapi_beyond_crud import Auth
from tests.support.application import Client, Person, SignedIn

API = "/api/v1"
DUNE = {
    "title": "Dune",
    "author": "Frank Herbert",
    "published_on": "1965-08-01",
    "page_count": 412,
    "language": "en",
    "summary": "Spice, sand and prophecy.",
}


@dataclass(frozen=True, kw_only=True)
class Cast:
    """Somebody of each kind, signed in."""

    admin: SignedIn
    user: SignedIn
    other: SignedIn
    guest: SignedIn


class Bookly(Client):
    """The application, and short ways to what most tests begin with."""

    def __init__(self, app: FastAPI, http: httpx.AsyncClient) -> None:
        super().__init__(http)
        self.app = app
        self.auth: Auth[Any] = import_module("examples.bookly.security").auth

    async def cast(self) -> Cast:
        """New accounts of all roles."""
        user, other = await self.signed_in(), await self.signed_in()
        return Cast(admin=await self.with_role("admin"), user=user, other=other, guest=await self.with_role("guest"))

    async def with_role(self, role: str) -> SignedIn:
        """A new account that holds this role and no other."""
        person = await self.registered()
        key = UUID(person.id)
        await self.auth.grants.grant(key, role)
        await self.auth.grants.revoke(key, "user")
        return await self.signed_in(person)

    async def book(self, owner: SignedIn, **fields: Any) -> dict[str, Any]:
        """A new book of this owner."""
        return await self.made("/books", owner, {**DUNE, **fields})

    async def review(self, book: dict[str, Any], author: SignedIn, **fields: Any) -> dict[str, Any]:
        """A new review of this book."""
        return await self.made(f"/books/{book['id']}/reviews", author, {"rating": 4, "text": "Dry.", **fields})

    async def made(self, path: str, by: SignedIn, body: Any) -> dict[str, Any]:
        """What a POST has made."""
        answer = await self.http.post(API + path, json=body, headers=by.headers)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def get(self, path: str, **query: Any) -> Any:
        """What anybody can read."""
        answer = await self.http.get(API + path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def walk(self, path: str, *, by: SignedIn | None = None, **query: Any) -> list[dict[str, Any]]:
        """All items of a list, page by page."""
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        for _ in range(1000):
            params = {**query, **({} if cursor is None else {"cursor": cursor})}
            answer = await self.http.get(API + path, params=params, headers=by.headers if by else {})
            assert answer.status_code == 200, answer.text
            items += answer.json()["items"]
            cursor = answer.json()["next_cursor"]
            if cursor is None:
                return items
        raise AssertionError("the list does not end")


def unique(word: str) -> str:
    """The word, made unlike any other."""
    return f"{word} {secrets.token_hex(5)}"


def someone(person: Person) -> dict[str, Any]:
    """How a person is shown to others."""
    return {"id": person.id, "name": None}
