"""What the tests read and change in the table of sessions by hand."""

from typing import Any
from uuid import UUID

from tests.support.application import Application, SignedIn


async def row_of(application: Application, session: SignedIn | UUID) -> Any:
    """The row of a session."""
    key = session if isinstance(session, UUID) else session.session_id
    (row,) = await application.sql("SELECT * FROM user_sessions WHERE id = :id", id=key)
    return row


async def live_sessions(application: Application, user_id: str) -> int:
    """How many sessions of an account live."""
    statement = """
        SELECT count(*) FROM user_sessions
        WHERE user_id = :id AND ended_at IS NULL AND expires_at > now() AND absolute_expires_at > now()
    """
    (row,) = await application.sql(statement, id=UUID(user_id))
    return int(row[0])


async def pass_grace(application: Application, session: SignedIn) -> None:
    """Let the last rotation be an hour ago."""
    statement = "UPDATE user_sessions SET rotated_at = rotated_at - interval '1 hour' WHERE id = :id"
    await application.sql(statement, id=session.session_id)


def assert_refused(answer: Any) -> None:
    """The one answer to a refresh token that does not count, which tells nothing about why."""
    assert answer.status_code == 401
    body = answer.json()
    assert body.pop("type").endswith("#refresh_invalid")
    assert body == {
        "title": "The refresh token is not valid",
        "status": 401,
        "detail": "The refresh token is not valid",
        "code": "refresh_invalid",
    }
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["www-authenticate"] == "Bearer"


def assert_dead(answer: Any) -> None:
    """The answer to an access token that was revoked."""
    assert answer.status_code == 401, answer.text
    assert answer.json()["code"] == "token_invalid"
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
