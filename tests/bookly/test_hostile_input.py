"""Whatever is sent to whatever route: a clean 4xx, never a mistake of the server, and nothing repeated."""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.bookly.house import API, DUNE, Bookly, Cast

MARK = "do-not-repeat-me"
BODIES: list[bytes] = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"7",
    b"NaN",
    b"\xff\xfe\x00",
    "{}".encode("utf-16"),
    b"[" * 20_000,
    b'{"a":' * 900 + b"1" + b"}" * 900,
    b'{"title": 1e999, "rating": 1e999, "name": 1e999, "names": [1e999], "page_count": 1e999}',
    b'{"title": NaN, "rating": NaN, "name": NaN, "names": NaN, "page_count": -Infinity}',
    b'{"title": "\\ud800", "author": "\\udfff", "text": "\\ud800", "name": "\\ud800", "names": ["\\ud800"]}',
    b'{"title": "\\u0000", "author": "a\\u0000", "text": "\\u0000", "name": "\\u0000", "names": ["\\u0000"]}',
    b'{"language": "\\ud800", "published_on": "\\ud800", "summary": "\\ud800", "rating": "\\ud800"}',
    b'{"\\ud800": 1}',
    b'{"page_count": ' + b"9" * 5_000 + b', "rating": ' + b"9" * 5_000 + b"}",
    b'{"published_on": ' + b"9" * 400 + b"}",
    b'{"published_on": "' + b"9" * 400 + b'"}',
    b'{"published_on": -1e308, "page_count": 1e308}',
    b'{"names": [' + b'"a",' * 15_000 + b'"a"]}',
    b"{" + b",".join(b'"k%d":1' % n for n in range(5_000)) + b"}",
    json.dumps({"title": MARK, "text": 7, "rating": MARK, "name": {"a": MARK}, "names": MARK}).encode(),
]
PATHS = [
    "0",
    "-1",
    "9" * 400,
    "null",
    "%00",
    "%ff%fe",
    "%ed%a0%80",
    "..%2f..",
    "'%20OR%201=1--",
    "{id}",
    f"{{{uuid4()}}}",
]
TEXTS = ["", " ", "\x00", "%", "'; DROP TABLE books; --", "\u202e", "9" * 4_000, "NaN", "1e999", "null", MARK * 10]


def routes(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every operation of the application."""
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            yield method.upper(), path, operation


@pytest.fixture(scope="module")
async def schema(bookly: Bookly) -> dict[str, Any]:
    found: dict[str, Any] = (await bookly.http.get("/openapi.json")).json()
    assert len(list(routes(found))) >= 40
    return found


async def filled(bookly: Bookly, cast: Cast, path: str) -> str:
    """The path with ids of things that exist."""
    book = await bookly.book(cast.admin, title=DUNE["title"])
    review = await bookly.review(book, cast.admin)
    values = {"book_id": book["id"], "review_id": review["id"], "user_id": cast.admin.person.id}
    return re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], str(uuid4())), path)


def ends_the_session(path: str) -> bool:
    """Whether a route would take the admin's session or account away from the tests that follow."""
    return "logout" in path or path.endswith(("/sessions", "/disable", "/sign-out"))


async def test_no_body_is_too_strange_for_any_route(bookly: Bookly, cast: Cast, schema: dict[str, Any]) -> None:
    """IN-01 to IN-04, LK-01: as the admin, whom no guard keeps away from the body."""
    for method, path, operation in routes(schema):
        if "requestBody" not in operation or ends_the_session(path):
            continue
        url = await filled(bookly, cast, path)
        headers = {**cast.admin.headers, "Content-Type": "application/json"}
        for body in BODIES:
            answer = await bookly.http.request(method, url, content=body, headers=headers)
            assert 200 <= answer.status_code < 500, (method, path, body[:60], answer.text)
            assert MARK not in answer.text or answer.status_code < 300, (method, path, body)


async def test_no_path_is_too_strange_for_any_route(bookly: Bookly, cast: Cast, schema: dict[str, Any]) -> None:
    """IN-06."""
    for method, path, _ in routes(schema):
        if "{" not in path:
            continue
        for text in PATHS:
            answer = await bookly.http.request(method, re.sub(r"\{\w+\}", text, path), headers=cast.admin.headers)
            assert answer.status_code in (404, 405, 422), (method, path, text, answer.text)


async def test_no_query_is_too_strange_for_any_route(bookly: Bookly, cast: Cast, schema: dict[str, Any]) -> None:
    """IN-05, DS-07."""
    for method, path, operation in routes(schema):
        names = [one["name"] for one in operation.get("parameters", []) if one["in"] == "query"]
        for name in names:
            url = await filled(bookly, cast, path)
            for text in TEXTS:
                answer = await bookly.http.request(method, url, params={name: text}, headers=cast.admin.headers)
                assert answer.status_code < 500, (method, path, name, text[:60], answer.text)
                assert MARK not in answer.text, (method, path, name)


async def test_a_query_of_raw_bytes_is_no_mistake_of_the_server(bookly: Bookly) -> None:
    for query in ("q=%ff%fe", "q=%ed%a0%80", "q=%00", "cursor=%ff", "tag=%c3%28", "&&&=&q", "q=a&q=b"):
        answer = await bookly.http.get(f"{API}/books?{query}")
        assert answer.status_code in (200, 422), (query, answer.text)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("path", ["/books", "/tags"])
async def test_no_body_is_longer_than_64_kib(bookly: Bookly, cast: Cast, path: str, chunked: bool) -> None:
    """DS-01: with a Content-Length, and without one."""

    async def chunks() -> Any:
        for _ in range(65):
            yield b" " * 1024

    body: Any = chunks() if chunked else b" " * 65 * 1024
    headers = {**cast.user.headers, "Content-Type": "application/json"}
    answer = await bookly.http.post(API + path, content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")


async def test_deep_json_does_not_hold_the_others_up(bookly: Bookly, cast: Cast) -> None:
    """DS-02."""
    deep = b'{"title":' + b"[" * 60_000
    async with asyncio.timeout(10):
        answers = await asyncio.gather(
            *(
                bookly.http.post(
                    f"{API}/books", content=deep, headers={**cast.user.headers, "Content-Type": "application/json"}
                )
                for _ in range(20)
            )
        )
    assert {answer.status_code for answer in answers} <= {400, 422}
