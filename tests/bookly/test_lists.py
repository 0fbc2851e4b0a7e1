"""Lists: pages, orders, searches."""

import base64
import json
from typing import Any
from uuid import uuid4

import pytest

from tests.bookly.house import API, Bookly, Cast, unique

ORDERS = ["created_at", "-created_at", "title", "-title", "published_on", "-published_on"]


def cursor_of(*parts: Any) -> str:
    """A cursor that we never gave out."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "-1"},
        {"limit": "9" * 4000},
        {"limit": "ten"},
        {"limit": ""},
        {"sort": "owner_id"},
        {"sort": "hashed_password"},
        {"sort": "title;drop table books"},
        {"q": "x" * 101},
        {"q": "a\x00b"},
        {"tag": "x" * 51},
        {"tag": " "},
        {"cursor": "x"},
        {"cursor": "=" * 40},
        {"cursor": "é"},
        {"cursor": "A" * 2001},
        {"cursor": cursor_of("-created_at", "2026-01-01T00:00:00Z")},
        {"cursor": cursor_of("-created_at", "2026-01-01T00:00:00", str(uuid4()))},
        {"cursor": cursor_of("-created_at", "2026-01-01T00:00:00Z", "7")},
        {"cursor": cursor_of("-created_at", "1e300", str(uuid4()))},
        {"cursor": cursor_of("-created_at", 1e300, str(uuid4()))},
        {"cursor": cursor_of("-created_at", None, str(uuid4()))},
        {"cursor": cursor_of("created_at", "2026-01-01T00:00:00Z", str(uuid4()))},
        {"cursor": cursor_of("title", "Dune", str(uuid4()))},
        {"cursor": cursor_of("title", "a\x00b", str(uuid4())), "sort": "title"},
        {"cursor": cursor_of("title", "\ud800", str(uuid4())), "sort": "title"},
        {"cursor": cursor_of("published_on", "yesterday", str(uuid4())), "sort": "published_on"},
        {"cursor": base64.urlsafe_b64encode(b"[" * 1400).decode()},
        {"cursor": base64.urlsafe_b64encode(b"\xff\xfe").decode()},
    ],
)
async def test_a_query_that_is_not_ours_is_refused(bookly: Bookly, query: dict[str, str]) -> None:
    """DS-07, AZ-07: bounds for every parameter, an allow-list of orders, and no cursor but our own."""
    answer = await bookly.http.get(f"{API}/books", params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert answer.json()["errors"][0]["loc"][0] == "query"


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00Z"])
async def test_a_moment_at_the_end_of_time_in_a_cursor_is_no_mistake_of_the_server(bookly: Bookly, moment: str) -> None:
    answer = await bookly.http.get(f"{API}/books", params={"cursor": cursor_of("-created_at", moment, str(uuid4()))})
    assert answer.status_code in (200, 422)


async def test_an_unknown_user_has_no_list_of_books(bookly: Bookly) -> None:
    answer = await bookly.http.get(f"{API}/users/{uuid4()}/books")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("role", ["user", "guest"])
async def test_only_who_looks_after_reviews_lists_them_all(bookly: Bookly, cast: Cast, role: str) -> None:
    answer = await bookly.http.get(f"{API}/reviews", headers=getattr(cast, role).headers)
    assert answer.status_code == 403


# ------------------------------------------------------------------ what works


@pytest.mark.parametrize("order", ORDERS)
async def test_pages_in_every_order_hold_each_book_once(bookly: Bookly, order: str) -> None:
    owner = await bookly.signed_in()
    made = []
    for number in range(7):
        # Equal titles and days, so that the id has to decide.
        fields = {"title": f"Book {number // 3}", "published_on": f"200{number // 4}-01-01"}
        made.append(await bookly.book(owner, **fields))
    path = f"/users/{owner.person.id}/books"
    walked = await bookly.walk(path, limit=2, sort=order)
    assert sorted(book["id"] for book in walked) == sorted(book["id"] for book in made)
    values = [book[order.removeprefix("-")] for book in walked]
    assert values == sorted(values, reverse=order.startswith("-"))
    assert walked == (await bookly.get(path, limit=100, sort=order))["items"]


async def test_books_that_come_meanwhile_neither_repeat_nor_hide_another(bookly: Bookly) -> None:
    owner = await bookly.signed_in()
    made = [(await bookly.book(owner))["id"] for _ in range(6)]
    path, seen, cursor = f"/users/{owner.person.id}/books", [], None
    while True:
        page = await bookly.get(path, limit=2, **({} if cursor is None else {"cursor": cursor}))
        seen += [book["id"] for book in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        await bookly.book(owner)
    assert seen == made[::-1]


async def test_a_cursor_stays_good_when_its_book_is_deleted(bookly: Bookly) -> None:
    owner = await bookly.signed_in()
    made = [(await bookly.book(owner))["id"] for _ in range(4)]
    path = f"/users/{owner.person.id}/books"
    page = await bookly.get(path, limit=2, sort="created_at")
    await bookly.http.delete(f"{API}/books/{made[1]}", headers=owner.headers)
    rest = await bookly.get(path, limit=2, sort="created_at", cursor=page["next_cursor"])
    assert [book["id"] for book in rest["items"]] == made[2:]
    assert rest["next_cursor"] is None


async def test_the_last_page_says_that_it_is_the_last(bookly: Bookly) -> None:
    owner = await bookly.signed_in()
    path = f"/users/{owner.person.id}/books"
    assert await bookly.get(path) == {"items": [], "next_cursor": None}
    for _ in range(2):
        await bookly.book(owner)
    assert (await bookly.get(path, limit=2))["next_cursor"] is None


async def test_a_search_finds_parts_of_titles_and_authors_in_any_case(bookly: Bookly, cast: Cast) -> None:
    mark = unique("Zürich")
    by_title = await bookly.book(cast.user, title=f"Tales of {mark}")
    by_author = await bookly.book(cast.user, author=f"{mark} the Elder")
    await bookly.book(cast.user, title="Something else", summary=mark)
    for q in (mark.upper(), f" {mark.lower()} ", mark.replace(" ", "  ")):
        found = await bookly.walk("/books", q=q)
        assert [book["id"] for book in found] == [by_author["id"], by_title["id"]]


async def test_a_search_finds_a_book_by_its_new_title_only(bookly: Bookly, cast: Cast) -> None:
    before, after = unique("before"), unique("after")
    book = await bookly.book(cast.user, title=before)
    await bookly.http.patch(f"{API}/books/{book['id']}", json={"title": after}, headers=cast.user.headers)
    assert await bookly.walk("/books", q=before) == []
    assert [found["id"] for found in await bookly.walk("/books", q=after)] == [book["id"]]
    assert [found["id"] for found in await bookly.walk("/books", q="Herbert", limit=100)].count(book["id"]) == 1


@pytest.mark.parametrize("sign", ["%", "_", "\\", "/"])
async def test_signs_that_mean_something_to_like_mean_themselves(bookly: Bookly, cast: Cast, sign: str) -> None:
    """IN-05: otherwise a search for a percent sign would find everything."""
    mark = unique("like")
    with_sign = await bookly.book(cast.user, title=f"{mark} 1{sign}2")
    await bookly.book(cast.user, title=f"{mark} 1x2")
    assert [book["id"] for book in await bookly.walk("/books", q=f"{mark} 1{sign}2")] == [with_sign["id"]]


async def test_a_tag_in_any_spelling_selects_its_books(bookly: Bookly, cast: Cast) -> None:
    name = unique("Space  Opera")
    tagged, _ = await bookly.book(cast.user), await bookly.book(cast.user)
    await bookly.made(f"/books/{tagged['id']}/tags", cast.user, {"names": [name]})
    assert [book["id"] for book in await bookly.walk("/books", tag=f" {name.upper()}")] == [tagged["id"]]
    assert await bookly.walk("/books", tag=unique("no such tag")) == []


async def test_a_users_list_holds_no_book_of_others(bookly: Bookly, cast: Cast) -> None:
    owner = await bookly.signed_in()
    mine = await bookly.book(owner)
    await bookly.book(cast.other)
    assert [book["id"] for book in await bookly.walk(f"/users/{owner.person.id}/books")] == [mine["id"]]


async def test_the_admin_walks_through_all_reviews(bookly: Bookly, cast: Cast) -> None:
    book = await bookly.book(cast.user)
    first, second = await bookly.review(book, cast.user), await bookly.review(book, cast.other)
    walked = await bookly.walk("/reviews", by=cast.admin, limit=1)
    assert walked[:2] == [second, first]
    assert len({review["id"] for review in walked}) == len(walked)


async def test_tags_come_by_name(bookly: Bookly, cast: Cast) -> None:
    mark = unique("order")
    for letter in "cab":
        await bookly.made("/tags", cast.user, {"name": f"{mark} {letter}"})
    names = [tag["name"] for tag in await bookly.walk("/tags", limit=2)]
    assert [name for name in names if name.startswith(mark)] == [f"{mark} {letter}" for letter in "abc"]
    assert len(set(names)) == len(names)
