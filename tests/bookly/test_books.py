"""Books: who may do what, and what comes of it."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.bookly.house import API, DUNE, Bookly, Cast, someone

REQUIRED = ["title", "author", "published_on", "page_count", "language"]


async def patched(bookly: Bookly, book: dict[str, Any], cast: Cast, body: Any) -> httpx.Response:
    """The answer to a PATCH by the owner."""
    return await bookly.http.patch(f"{API}/books/{book['id']}", json=body, headers=cast.user.headers)


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_somebody_elses_book_is_left_alone(bookly: Bookly, cast: Cast, method: str) -> None:
    """AZ-03. The book itself is public, so the answer is 403 and hides nothing."""
    book = await bookly.book(cast.user)
    body = {"title": "Mine now"} if method == "PATCH" else None
    answer = await bookly.http.request(method, f"{API}/books/{book['id']}", json=body, headers=cast.other.headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert await bookly.get(f"/books/{book['id']}") == book


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_an_owner_who_is_only_a_guest_now_edits_nothing(bookly: Bookly, method: str) -> None:
    """A demotion counts on the next request, with the old token."""
    owner = await bookly.signed_in()
    book = await bookly.book(owner)
    key = bookly.auth._surface.read_key(owner.person.id)
    await bookly.auth.grants.grant(key, "guest")
    await bookly.auth.grants.revoke(key, "user")
    answer = await bookly.http.request(method, f"{API}/books/{book['id']}", json={}, headers=owner.headers)
    assert answer.status_code == 403


async def test_a_guest_cannot_create_a_book(bookly: Bookly, cast: Cast) -> None:
    answer = await bookly.http.post(f"{API}/books", json=DUNE, headers=cast.guest.headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/books"),
        ("PATCH", f"/books/{uuid4()}"),
        ("DELETE", f"/books/{uuid4()}"),
        ("POST", f"/books/{uuid4()}/reviews"),
        ("POST", f"/books/{uuid4()}/tags"),
        ("DELETE", f"/books/{uuid4()}/tags/{uuid4()}"),
        ("GET", "/reviews"),
        ("PATCH", f"/reviews/{uuid4()}"),
        ("DELETE", f"/reviews/{uuid4()}"),
        ("POST", "/tags"),
        ("PATCH", f"/tags/{uuid4()}"),
        ("DELETE", f"/tags/{uuid4()}"),
    ],
)
async def test_without_a_token_the_answer_is_401_whatever_the_body(bookly: Bookly, method: str, path: str) -> None:
    """AZ-11: not 404 for what does not exist, and not 422 for a body that nobody had to read."""
    answer = await bookly.http.request(method, API + path, content=b"{not json")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


async def test_a_bad_token_is_refused_even_where_anybody_may_read(bookly: Bookly) -> None:
    answer = await bookly.http.get(f"{API}/books", headers={"Authorization": "Bearer nonsense"})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_an_unknown_book_is_not_found(bookly: Bookly, cast: Cast, method: str) -> None:
    answer = await bookly.http.request(method, f"{API}/books/{uuid4()}", json={}, headers=cast.user.headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("field", [*REQUIRED, "owner_id", "id", "created_at"])
async def test_a_book_needs_its_fields_and_takes_no_others(bookly: Bookly, cast: Cast, field: str) -> None:
    """AZ-04: nobody names the owner of a book in its body."""
    body: dict[str, Any] = dict(DUNE)
    if body.pop(field, None) is None:
        body[field] = str(uuid4())
    answer = await bookly.http.post(f"{API}/books", json=body, headers=cast.user.headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["body", field]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", " \n "),
        ("title", "x" * 201),
        ("title", "a\x00b"),
        ("title", 7),
        ("author", None),
        ("page_count", 0),
        ("page_count", 100_001),
        ("page_count", "12"),
        ("page_count", True),
        ("page_count", 1.5),
        ("language", "EN"),
        ("language", "eng"),
        ("language", "e"),
        ("language", "en\n"),
        ("published_on", "yesterday"),
        ("published_on", "2020-02-30"),
        ("summary", "x" * 5001),
    ],
)
async def test_a_field_outside_of_its_bounds_is_refused(bookly: Bookly, cast: Cast, field: str, value: Any) -> None:
    answer = await bookly.http.post(f"{API}/books", json={**DUNE, field: value}, headers=cast.user.headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["body", field]


@pytest.mark.parametrize("field", REQUIRED)
async def test_null_is_refused_for_what_a_book_must_have(bookly: Bookly, cast: Cast, field: str) -> None:
    book = await bookly.book(cast.user)
    answer = await patched(bookly, book, cast, {field: None, "summary": "changed"})
    assert answer.status_code == 422
    assert await bookly.get(f"/books/{book['id']}") == book


async def test_a_patch_cannot_hand_the_book_to_somebody_else(bookly: Bookly, cast: Cast) -> None:
    book = await bookly.book(cast.user)
    assert (await patched(bookly, book, cast, {"owner_id": cast.other.person.id})).status_code == 422


# ------------------------------------------------------------------ what works


async def test_a_new_book_belongs_to_its_maker_and_says_where_it_is(bookly: Bookly, cast: Cast) -> None:
    answer = await bookly.http.post(
        f"{API}/books", json={**DUNE, "title": "  Dune \n Messiah "}, headers=cast.user.headers
    )
    book = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{API}/books/{book['id']}"
    assert book.items() >= {**DUNE, "title": "Dune Messiah", "tags": [], "reviews": []}.items()
    assert book["owner"] == someone(cast.user.person)
    assert (await bookly.http.get(answer.headers["location"])).json() == book


async def test_what_a_patch_leaves_out_stays(bookly: Bookly, cast: Cast) -> None:
    book = await bookly.book(cast.user)
    changed = (await patched(bookly, book, cast, {"page_count": 500})).json()
    assert changed["updated_at"] > book["updated_at"]
    assert changed == {**book, "page_count": 500, "updated_at": changed["updated_at"]}
    assert await bookly.get(f"/books/{book['id']}") == changed


async def test_an_empty_patch_changes_nothing(bookly: Bookly, cast: Cast) -> None:
    book = await bookly.book(cast.user)
    answer = await patched(bookly, book, cast, {})
    assert (answer.status_code, answer.json()) == (200, book)


async def test_null_takes_the_summary_away_and_leaving_it_out_does_not(bookly: Bookly, cast: Cast) -> None:
    book = await bookly.book(cast.user)
    assert (await patched(bookly, book, cast, {"title": "Dune II"})).json()["summary"] == DUNE["summary"]
    assert (await patched(bookly, book, cast, {"summary": None})).json()["summary"] is None


async def test_the_admin_edits_and_deletes_everybodys(bookly: Bookly, cast: Cast) -> None:
    book = await bookly.book(cast.user)
    url = f"{API}/books/{book['id']}"
    changed = await bookly.http.patch(url, json={"title": "Looked after"}, headers=cast.admin.headers)
    assert (changed.json()["title"], changed.json()["owner"]["id"]) == ("Looked after", cast.user.person.id)
    assert (await bookly.http.delete(url, headers=cast.admin.headers)).status_code == 204
    assert (await bookly.http.get(url)).status_code == 404


async def test_a_deleted_book_takes_reviews_and_links_with_it_and_leaves_tags(bookly: Bookly, cast: Cast) -> None:
    book = await bookly.book(cast.user)
    review = await bookly.review(book, cast.other)
    tag = (await bookly.made(f"/books/{book['id']}/tags", cast.user, {"names": ["sand"]}))["tags"][0]
    answer = await bookly.http.delete(f"{API}/books/{book['id']}", headers=cast.user.headers)
    assert answer.status_code == 204
    assert answer.content == b""
    assert (await bookly.http.get(f"{API}/reviews/{review['id']}")).status_code == 404
    assert tag in await bookly.walk("/tags", limit=100)


async def test_one_book_comes_with_owner_tags_and_reviews(bookly: Bookly, cast: Cast) -> None:
    book = await bookly.book(cast.user)
    await bookly.made(f"/books/{book['id']}/tags", cast.user, {"names": ["Sand", "epic"]})
    first = await bookly.review(book, cast.other)
    second = await bookly.review(book, cast.user, rating=5)
    found = await bookly.get(f"/books/{book['id']}")
    assert [tag["name"] for tag in found["tags"]] == ["epic", "sand"]
    assert found["reviews"] == [second, first]
    assert found["owner"] == someone(cast.user.person)


async def test_no_email_address_is_shown_to_others(bookly: Bookly, cast: Cast) -> None:
    book = await bookly.book(cast.user)
    await bookly.review(book, cast.other)
    one = await bookly.http.get(f"{API}/books/{book['id']}")
    several = await bookly.http.get(f"{API}/users/{cast.user.person.id}/books")
    assert cast.user.person.id in one.text
    assert "@" not in one.text + several.text


async def test_a_users_name_is_shown_with_the_books(bookly: Bookly) -> None:
    owner = await bookly.signed_in(await bookly.registered(name=" Ada  Lovelace "))
    assert (await bookly.book(owner))["owner"]["name"] == "Ada Lovelace"
    await bookly.http.patch("/auth/me", json={"name": None}, headers=owner.headers)
    assert (await bookly.get(f"/users/{owner.person.id}/books"))["items"][0]["owner"]["name"] is None


async def test_a_change_and_a_deletion_at_once_are_one_after_the_other(bookly: Bookly, cast: Cast) -> None:
    for _ in range(5):
        book = await bookly.book(cast.user)
        url = f"{API}/books/{book['id']}"
        answers = await asyncio.gather(
            *(patched(bookly, book, cast, {"title": f"Dune {n}"}) for n in range(4)),
            bookly.http.delete(url, headers=cast.user.headers),
            bookly.http.delete(url, headers=cast.admin.headers),
        )
        statuses = [answer.status_code for answer in answers]
        assert set(statuses[:4]) <= {200, 404}
        assert sorted(statuses[4:]) == [204, 404]
