"""Reviews: one of each user for each book."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.bookly.house import API, Bookly, Cast, someone


async def test_a_second_review_of_a_book_is_a_conflict(bookly: Bookly, cast: Cast) -> None:
    book = await bookly.book(cast.user)
    await bookly.review(book, cast.other)
    answer = await bookly.http.post(
        f"{API}/books/{book['id']}/reviews", json={"rating": 1, "text": "Again."}, headers=cast.other.headers
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert len((await bookly.get(f"/books/{book['id']}"))["reviews"]) == 1


async def test_of_many_reviews_at_once_exactly_one_is_kept(bookly: Bookly, cast: Cast) -> None:
    book = await bookly.book(cast.user)
    url, body = f"{API}/books/{book['id']}/reviews", {"rating": 3, "text": "Quick."}
    answers = await asyncio.gather(
        *(bookly.http.post(url, json=body, headers=cast.other.headers) for _ in range(8)),
    )
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 7]


async def test_a_review_of_a_book_that_is_being_deleted_is_kept_or_not_found(bookly: Bookly, cast: Cast) -> None:
    for _ in range(5):
        book = await bookly.book(cast.user)
        url = f"{API}/books/{book['id']}"
        body = {"rating": 3, "text": "Too late?"}
        reviewed, deleted = await asyncio.gather(
            bookly.http.post(f"{url}/reviews", json=body, headers=cast.other.headers),
            bookly.http.delete(url, headers=cast.user.headers),
        )
        assert reviewed.status_code in (201, 404)
        assert deleted.status_code == 204


async def test_an_unknown_book_cannot_be_reviewed(bookly: Bookly, cast: Cast) -> None:
    body = {"rating": 3, "text": "Of nothing."}
    answer = await bookly.http.post(f"{API}/books/{uuid4()}/reviews", json=body, headers=cast.user.headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_somebody_elses_review_is_left_alone(bookly: Bookly, cast: Cast, method: str) -> None:
    """AZ-03. Not even the owner of the book may touch what others think of it."""
    review = await bookly.review(await bookly.book(cast.user), cast.other)
    url = f"{API}/reviews/{review['id']}"
    answer = await bookly.http.request(method, url, json={}, headers=cast.user.headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert (await bookly.http.get(url)).json() == review


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_an_unknown_review_is_not_found(bookly: Bookly, cast: Cast, method: str) -> None:
    answer = await bookly.http.request(method, f"{API}/reviews/{uuid4()}", json={}, headers=cast.user.headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rating", 0),
        ("rating", 6),
        ("rating", True),
        ("rating", "5"),
        ("rating", 4.5),
        ("rating", None),
        ("text", ""),
        ("text", " \n\t "),
        ("text", "x" * 5001),
        ("text", "a\x1bb"),
        ("text", None),
        ("author_id", str(uuid4())),
        ("book_id", str(uuid4())),
    ],
)
async def test_a_review_outside_of_its_bounds_is_refused(bookly: Bookly, cast: Cast, field: str, value: Any) -> None:
    book = await bookly.book(cast.user)
    review = await bookly.review(book, cast.user)
    body = {"rating": 3, "text": "Fine.", field: value}
    url = f"{API}/books/{book['id']}/reviews"
    assert (await bookly.http.post(url, json=body, headers=cast.other.headers)).status_code == 422
    url = f"{API}/reviews/{review['id']}"
    assert (await bookly.http.patch(url, json={field: value}, headers=cast.user.headers)).status_code == 422
    assert (await bookly.http.get(url)).json() == review


async def test_a_new_review_says_whose_it_is_and_where(bookly: Bookly, cast: Cast) -> None:
    book = await bookly.book(cast.user)
    body = {"rating": 5, "text": "Two lines,\nkept."}
    answer = await bookly.http.post(f"{API}/books/{book['id']}/reviews", json=body, headers=cast.other.headers)
    review = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{API}/reviews/{review['id']}"
    assert review.items() >= {**body, "book_id": book["id"], "author": someone(cast.other.person)}.items()
    assert (await bookly.http.get(answer.headers["location"])).json() == review


async def test_what_a_patch_of_a_review_leaves_out_stays(bookly: Bookly, cast: Cast) -> None:
    review = await bookly.review(await bookly.book(cast.user), cast.other)
    url = f"{API}/reviews/{review['id']}"
    changed = (await bookly.http.patch(url, json={"rating": 1}, headers=cast.other.headers)).json()
    assert changed == {**review, "rating": 1, "updated_at": changed["updated_at"]}
    assert (await bookly.http.patch(url, json={}, headers=cast.other.headers)).json() == changed


async def test_its_author_and_the_admin_delete_a_review(bookly: Bookly, cast: Cast) -> None:
    book = await bookly.book(cast.user)
    for author, deleter in ((cast.user, cast.user), (cast.other, cast.admin)):
        url = f"{API}/reviews/{(await bookly.review(book, author))['id']}"
        assert (await bookly.http.delete(url, headers=deleter.headers)).status_code == 204
        assert (await bookly.http.get(url)).status_code == 404
