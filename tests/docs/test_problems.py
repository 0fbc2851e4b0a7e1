"""Each code of an error has an entry on the page of problems, where the type of a problem points."""

import re
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI, HTTPException

from fastapi_beyond_crud import AuthError
from fastapi_beyond_crud.web.problems import install_problems, status_of
from tests.docs.pages import DOCS

PAGE = (DOCS / "problems.md").read_text()
ENTRIES = {
    code: text
    for title, code, text in re.findall(r"^## (\w+) \{#(\w+)\}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    if title == code
}


def kinds(parent: type[AuthError] = AuthError) -> Iterator[type[AuthError]]:
    """Every kind of error that the library has."""
    for kind in parent.__subclasses__():
        if kind.__module__.startswith("fastapi_beyond_crud."):
            yield kind
            yield from kinds(kind)


async def codes_of_http_errors() -> set[str]:
    """The codes that plain HTTP errors of an application get."""
    app = FastAPI()
    install_problems(app)

    @app.get("/{status}")
    async def refuse(status: int) -> None:
        raise HTTPException(status)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answers = [(await client.get(f"/{status}")).json() for status in range(400, 600)]
    return {answer["code"] for answer in answers if "code" in answer}


async def test_every_code_has_an_entry_and_every_entry_has_a_code() -> None:
    assert set(ENTRIES) == {kind.code for kind in kinds()} | await codes_of_http_errors()


def test_every_heading_of_the_page_is_an_entry() -> None:
    assert len(re.findall(r"^## ", PAGE, re.MULTILINE)) == len(ENTRIES)


@pytest.mark.parametrize("kind", {kind.code: kind for kind in kinds()}.values(), ids=lambda kind: kind.code)
def test_an_entry_tells_status_title_and_what_the_client_should_do(kind: type[AuthError]) -> None:
    assert ENTRIES[kind.code].startswith(f"\n**{status_of(kind)}. {kind.title}.**")
    assert "*Client:*" in ENTRIES[kind.code].replace("\n", " ")
