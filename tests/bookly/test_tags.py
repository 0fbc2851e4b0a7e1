"""Tags: one spelling each, on many books."""

import asyncio
import random
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from tests.bookly.house import API, Bookly, Cast, unique
from tests.support.databases import asyncpg_address


async def test_a_tag_in_another_spelling_is_the_same_tag(bookly: Bookly, cast: Cast) -> None:
    name = unique("Straße")
    await bookly.made("/tags", cast.user, {"name": name})
    for spelling in (name, name.upper(), f"  {name.replace(' ', '   ')} ", name.replace("ß", "ss")):
        answer = await bookly.http.post(f"{API}/tags", json={"name": spelling}, headers=cast.other.headers)
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


async def test_of_one_tag_made_many_times_at_once_exactly_one_is_made(bookly: Bookly, cast: Cast) -> None:
    body = {"name": unique("race")}
    answers = await asyncio.gather(
        *(bookly.http.post(f"{API}/tags", json=body, headers=cast.user.headers) for _ in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 7]


async def test_a_tag_cannot_take_the_name_of_another(bookly: Bookly, cast: Cast) -> None:
    one, other = unique("one"), unique("other")
    await bookly.made("/tags", cast.user, {"name": one})
    tag = await bookly.made("/tags", cast.user, {"name": other})
    url = f"{API}/tags/{tag['id']}"
    answer = await bookly.http.patch(url, json={"name": one.upper()}, headers=cast.admin.headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert (await bookly.http.patch(url, json={"name": other.upper()}, headers=cast.admin.headers)).json() == tag


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_only_the_admin_renames_and_deletes_tags(bookly: Bookly, cast: Cast, method: str) -> None:
    tag = await bookly.made("/tags", cast.user, {"name": unique("mine")})
    url = f"{API}/tags/{tag['id']}"
    answer = await bookly.http.request(method, url, json={"name": "x"}, headers=cast.user.headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_an_unknown_tag_is_not_found(bookly: Bookly, cast: Cast, method: str) -> None:
    answer = await bookly.http.request(
        method, f"{API}/tags/{uuid4()}", json={"name": unique("x")}, headers=cast.admin.headers
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_guests_make_no_tags(bookly: Bookly, cast: Cast) -> None:
    answer = await bookly.http.post(f"{API}/tags", json={"name": unique("x")}, headers=cast.guest.headers)
    assert answer.status_code == 403


async def test_somebody_elses_book_is_not_tagged(bookly: Bookly, cast: Cast) -> None:
    """AZ-03."""
    book = await bookly.made(
        f"/books/{(await bookly.book(cast.user))['id']}/tags", cast.user, {"names": [unique("kept")]}
    )
    url, name = f"{API}/books/{book['id']}/tags", unique("vandal")
    answer = await bookly.http.post(url, json={"names": [name]}, headers=cast.other.headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    answer = await bookly.http.delete(f"{url}/{book['tags'][0]['id']}", headers=cast.other.headers)
    assert answer.status_code == 403
    assert (await bookly.get(f"/books/{book['id']}"))["tags"] == book["tags"]
    assert name not in [tag["name"] for tag in await bookly.walk("/tags", limit=100)]


@pytest.mark.parametrize(
    "names",
    [[], [""], [" "], ["x" * 51], ["ß" * 26], ["a\x00b"], ["a\u202eb"], [None], "sand", [f"t{n}" for n in range(21)]],
)
async def test_names_that_cannot_be_tags_are_refused(bookly: Bookly, cast: Cast, names: Any) -> None:
    book = await bookly.book(cast.user)
    url = f"{API}/books/{book['id']}/tags"
    answer = await bookly.http.post(url, json={"names": names}, headers=cast.user.headers)
    assert answer.status_code == 422
    assert (await bookly.get(f"/books/{book['id']}"))["tags"] == []


async def test_a_book_has_fifty_tags_at_most(bookly: Bookly, cast: Cast) -> None:
    """DS-11: nothing that a user adds to grows without end."""
    book = await bookly.book(cast.user)
    path = f"/books/{book['id']}/tags"
    for start in (0, 20, 30):
        tagged = await bookly.made(path, cast.user, {"names": [f"tag {n}" for n in range(start, start + 20)]})
    assert len(tagged["tags"]) == 50
    answer = await bookly.http.post(API + path, json={"names": ["one more"]}, headers=cast.user.headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert len((await bookly.get(f"/books/{book['id']}"))["tags"]) == 50


async def test_a_tag_that_the_book_does_not_have_cannot_be_taken_off(bookly: Bookly, cast: Cast) -> None:
    book = await bookly.book(cast.user)
    tag = await bookly.made("/tags", cast.user, {"name": unique("loose")})
    for tag_id in (tag["id"], uuid4()):
        answer = await bookly.http.delete(f"{API}/books/{book['id']}/tags/{tag_id}", headers=cast.user.headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_tagging_makes_what_is_missing_and_repeats_nothing(bookly: Bookly, cast: Cast) -> None:
    book, old, new = await bookly.book(cast.user), unique("old"), unique("new")
    known = await bookly.made("/tags", cast.other, {"name": old})
    for _ in range(2):
        answer = await bookly.http.post(
            f"{API}/books/{book['id']}/tags", json={"names": [old, new, new.upper()]}, headers=cast.user.headers
        )
        assert answer.status_code == 201
        assert answer.headers["location"] == f"{API}/books/{book['id']}"
    tags = answer.json()["tags"]
    assert [tag["name"] for tag in tags] == [new, old]
    assert known in tags


async def test_the_same_tags_at_once_on_many_books_are_made_once(bookly: Bookly, cast: Cast) -> None:
    """In all orders: two requests that took the names in opposite order would wait for each other for ever."""
    books = [await bookly.book(cast.user) for _ in range(8)]
    names = [unique("crowd") for _ in range(10)]

    async def tag(book: dict[str, Any]) -> int:
        body = {"names": random.sample(names, len(names))}
        answer = await bookly.http.post(f"{API}/books/{book['id']}/tags", json=body, headers=cast.user.headers)
        return answer.status_code

    assert await asyncio.gather(*map(tag, [*books, *books])) == [201] * 16
    for book in books:
        assert [found["name"] for found in (await bookly.get(f"/books/{book['id']}"))["tags"]] == sorted(names)


async def test_two_that_make_the_same_tags_take_them_in_the_same_order(
    bookly: Bookly, cast: Cast, bookly_database: str
) -> None:
    """One has made the first of two tags and not committed; the other waits for it, and holds nothing meanwhile."""
    book, first, second = await bookly.book(cast.user), unique("a"), unique("b")
    make = "INSERT INTO tags (id, name) VALUES (gen_random_uuid(), $1)"
    connection = await asyncpg.connect(asyncpg_address(bookly_database))
    try:
        async with connection.transaction():
            await connection.execute(make, first)
            body = {"names": [second, first]}
            url = f"{API}/books/{book['id']}/tags"
            other = asyncio.create_task(bookly.http.post(url, json=body, headers=cast.user.headers))
            while not await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                await asyncio.sleep(0.01)
            # Did the other one hold it, the two would wait for each other, and the database would end one of them.
            await connection.execute(make, second)
        assert (await other).status_code == 201
    finally:
        await connection.close()


async def test_tagging_while_tags_and_books_go_is_never_a_mistake_of_the_server(bookly: Bookly, cast: Cast) -> None:
    for _ in range(5):
        book, name = await bookly.book(cast.user), unique("brief")
        tag = await bookly.made("/tags", cast.user, {"name": name})
        url = f"{API}/books/{book['id']}"
        answers = await asyncio.gather(
            bookly.http.post(f"{url}/tags", json={"names": [name]}, headers=cast.user.headers),
            bookly.http.delete(f"{API}/tags/{tag['id']}", headers=cast.admin.headers),
            bookly.http.delete(f"{url}/tags/{tag['id']}", headers=cast.user.headers),
            bookly.http.delete(url, headers=cast.user.headers),
        )
        assert all(answer.status_code in (201, 204, 404, 409) for answer in answers)


async def test_a_tag_taken_off_a_book_is_still_there(bookly: Bookly, cast: Cast) -> None:
    book, name = await bookly.book(cast.user), unique("off")
    tag = (await bookly.made(f"/books/{book['id']}/tags", cast.user, {"names": [name]}))["tags"][0]
    answer = await bookly.http.delete(f"{API}/books/{book['id']}/tags/{tag['id']}", headers=cast.user.headers)
    assert answer.status_code == 204
    assert (await bookly.get(f"/books/{book['id']}"))["tags"] == []
    assert tag in await bookly.walk("/tags", limit=100)


async def test_a_tag_that_is_renamed_or_deleted_is_so_on_its_books(bookly: Bookly, cast: Cast) -> None:
    book, name = await bookly.book(cast.user), unique("new name")
    tag = (await bookly.made(f"/books/{book['id']}/tags", cast.user, {"names": [unique("old name")]}))["tags"][0]
    url = f"{API}/tags/{tag['id']}"
    assert (await bookly.http.patch(url, json={"name": name}, headers=cast.admin.headers)).json()["name"] == name
    assert (await bookly.get(f"/books/{book['id']}"))["tags"] == [{"id": tag["id"], "name": name}]
    assert (await bookly.http.delete(url, headers=cast.admin.headers)).status_code == 204
    assert (await bookly.get(f"/books/{book['id']}"))["tags"] == []
