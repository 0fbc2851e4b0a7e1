"""What a failure tells, in the answer and in the log."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from tests.hostile.conftest import Target
from tests.hostile.house import SECRET, STATEMENTS
from tests.hostile.operations import OPERATIONS, Operation
from tests.hostile.values import MARK
from tests.support.application import PASSWORD

INTERNALS = (SECRET, "Traceback", "Error", "sqlalchemy", "asyncpg", "SELECT", "faults", ".py", "postgresql://", "root:")


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Every logger at DEBUG; SQLAlchemy's engine at INFO, where it logs statements (at DEBUG it logs rows)."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, "sqlalchemy.engine")
    yield caplog


def marked(schema: dict[str, Any], name: str) -> str:
    """A value of the field's kind that carries the mark, so that it comes as far as it can."""
    if name in ("email", "username"):
        return f"{MARK}@example.com"
    return f"{MARK} and more of it"


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.fields], ids=str)
async def test_what_was_sent_stands_neither_in_a_refusal_nor_in_a_log(
    target: Target, everything_logged: pytest.LogCaptureFixture, operation: Operation
) -> None:
    """LK-01, LK-04: one field after the other, then all at once, right and wrong in shape."""
    right = target.right_body(operation)
    marks = {name: marked(schema, name) for name, schema in operation.fields.items()}
    bodies: list[Any] = [right | {name: mark} for name, mark in marks.items()]
    bodies += [marks, [marks], {"unknown": marks}, {name: [mark] for name, mark in marks.items()}, f"{MARK} {MARK}"]
    for body in bodies:
        encoded = json.dumps(body)
        if operation.is_form:
            encoded = "&".join(f"{name}={value}" for name, value in (body if isinstance(body, dict) else marks).items())
        answer = await target.attack(operation, body=encoded.encode())
        target.judge(operation).hear(answer, body)
    assert MARK not in everything_logged.text
    assert PASSWORD not in everything_logged.text


async def test_the_log_of_everything_is_one(target: Target, everything_logged: pytest.LogCaptureFixture) -> None:
    """The test above would prove nothing if no SQL were logged."""
    await target.http.get("/auth/users", headers=await target.credential())
    assert "SELECT" in everything_logged.text


async def test_tokens_and_hashes_stand_in_no_log(target: Target, everything_logged: pytest.LogCaptureFixture) -> None:
    """LK-04: over a whole life of a session."""
    person = await target.registered(password=f"{MARK} {MARK}")
    session = await target.signed_in(person)
    refreshed = await target.refreshed(session)
    await target.me(refreshed)
    await target.refresh(session.refresh_token)
    change = {"current_password": person.password, "new_password": f"{MARK} {MARK} {MARK}"}
    await target.http.post("/auth/password/change", json=change, headers=refreshed.headers)
    await target.http.post("/auth/logout", headers=refreshed.headers)
    [row] = await target.sql("SELECT hashed_password FROM residents WHERE id = CAST(:id AS uuid)", id=person.id)
    tokens = [session.refresh_token, session.access_token, refreshed.refresh_token, refreshed.access_token]
    for secret in (MARK, row.hashed_password, *tokens, *(token[-20:] for token in tokens)):
        assert secret not in everything_logged.text


@pytest.mark.parametrize("path", ["/faults/mistake", "/faults/mistake-with-a-guard"])
async def test_a_mistake_is_an_opaque_500(target: Target, path: str) -> None:
    """LK-02: the server's log knows, the client does not."""
    target.seen.clear()
    answer = await target.http.get(path)
    assert len(target.seen) == 1, "it was raised"
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "The server made a mistake.",
    }


MEANINGS = {
    **dict.fromkeys(("division", "overflow", "number", "nul", "limit", "date", "type"), (422, "validation_failed")),
    **dict.fromkeys(("unique", "check", "null", "foreign-key"), (409, "conflict")),
    **dict.fromkeys(("serialisation", "deadlock", "full", "ending"), (503, "unavailable")),
    "nonsense": (500, None),
}


@pytest.mark.parametrize("name", STATEMENTS)
async def test_a_failure_of_the_database_says_what_it_means_and_nothing_more(target: Target, name: str) -> None:
    """LK-03: in a route of the application, which uses its own session."""
    answer = await target.http.get(f"/faults/sql/{name}")
    assert (answer.status_code, answer.json().get("code")) == MEANINGS[name]
    assert answer.headers["content-type"] == "application/problem+json"
    assert ("retry-after" in answer.headers) == (answer.status_code == 503)
    if answer.status_code == 503:
        assert int(answer.headers["retry-after"]) >= 1
    for internal in INTERNALS:
        assert internal not in answer.text.replace("Internal Server Error", "")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"id": 2**31, "words": "x"}, 422),
        ({"id": 2**63, "words": "x"}, 422),
        ({"id": 10**100, "words": "x"}, 422),
        ({"id": "x", "words": "x"}, 422),
        ({"id": 77, "words": "x\0"}, 422),
        ({"id": None, "words": "x"}, 409),
        ({"id": 77, "words": {"x": 1}}, 422),
        ({"id": 77, "words": 5}, 422),
    ],
)
async def test_a_value_that_cannot_be_stored_is_a_mistake_of_the_caller(
    target: Target, body: dict[str, Any], status: int
) -> None:
    """LK-03, IN-04, IN-06: what the driver refuses before it sends it, too."""
    answer = await target.http.post("/faults/words", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    for internal in INTERNALS:
        assert internal not in answer.text


async def test_a_lone_surrogate_on_its_way_to_the_database_is_a_mistake_of_the_caller(target: Target) -> None:
    """LK-03, IN-02."""
    answer = await target.http.post(
        "/faults/words", content=b'{"id": 78, "words": "\\ud800"}', headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
