"""The token endpoint of OAuth 2.0: it answers as RFC 6749 says, whatever comes."""

import json
from typing import Any

import httpx
import pytest

from tests.sessions.rows import assert_dead, live_sessions
from tests.support.application import PASSWORD, Application, bearer, new_email

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def application(shared_application: Application) -> Application:
    return shared_application


async def ask(application: Application, content: bytes | str, kind: str | None = FORM) -> httpx.Response:
    headers = {} if kind is None else {"Content-Type": kind}
    return await application.http.post("/auth/token", content=content, headers=headers)


def assert_error(answer: httpx.Response, error: str, status: int = 400) -> None:
    """RFC 6749 section 5.2: JSON with ``error``, never cached."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    body = answer.json()
    assert set(body) == {"error", "error_description"}
    assert body["error"] == error
    # Section 5.2 allows printable ASCII without the quotation mark and the backslash.
    assert all(" " <= char <= "~" and char not in '"\\' for char in body["error_description"])


INVALID_REQUESTS = {
    "nothing": "",
    "no grant_type": "username=a&password=b",
    "empty grant_type": "grant_type=&username=a&password=b",
    "no username": "grant_type=password&password=b",
    "empty username": "grant_type=password&username=&password=b",
    "no password": "grant_type=password&username=a",
    "no refresh_token": "grant_type=refresh_token",
    "empty refresh_token": "grant_type=refresh_token&refresh_token=",
    "grant_type twice": "grant_type=password&grant_type=password&username=a&password=b",
    "username twice": "grant_type=password&username=a&username=b&password=b",
    "password twice": "grant_type=password&username=a&password=b&password=c",
    "scope twice": "grant_type=password&username=a&password=b&scope=x&scope=y",
    "30 fields": "grant_type=password&" + "&".join(f"f{number}=1" for number in range(30)),
}


@pytest.mark.parametrize("content", INVALID_REQUESTS.values(), ids=INVALID_REQUESTS.keys())
async def test_a_request_that_lacks_or_repeats_something_is_invalid(application: Application, content: str) -> None:
    """RFC 6749 section 3.2: parameters are sent once."""
    assert_error(await ask(application, content), "invalid_request")


@pytest.mark.parametrize(
    "grant", ["authorization_code", "client_credentials", "PASSWORD", "password ", "implicit", "\u00e9"]
)
async def test_another_grant_is_not_supported(application: Application, grant: str) -> None:
    answer = await application.http.post(
        "/auth/token", data={"grant_type": grant, "username": new_email(), "password": PASSWORD}
    )
    assert_error(answer, "unsupported_grant_type")


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/x-www-form-urlencodedx", "", None])
async def test_another_content_type_is_an_invalid_request(application: Application, kind: str | None) -> None:
    person = await application.registered()
    for content in (
        json.dumps({"grant_type": "password", "username": person.email, "password": PASSWORD}),
        f"grant_type=password&username={person.email}&password={PASSWORD}",
    ):
        assert_error(await ask(application, content, kind), "invalid_request")
    assert await live_sessions(application, person.id) == 0


BROKEN = {
    "percent at the end": (b"grant_type=password&username=%&password=%2", FORM),
    "not UTF-8": (b"grant_type=password&username=\xff\xfe&password=%ff%fe", FORM),
    "NUL": (b"grant_type=password&username=%00&password=%00", FORM),
    "surrogate": (b"grant_type=password&username=%ed%a0%80&password=%ed%a0%80", FORM),
    "garbage": (b"\x00\x01\x02&&&===&", FORM),
    "unknown charset": (b"grant_type=password&username=a&password=b", FORM + "; charset=nonsense"),
    "multipart without a boundary": (b"--x\r\n", "multipart/form-data"),
    "multipart with an empty boundary": (b"--\r\n", "multipart/form-data; boundary="),
    "multipart garbage": (b"garbage", "multipart/form-data; boundary=x"),
    "multipart cut off": (
        b'--x\r\nContent-Disposition: form-data; name="grant_type"\r\n\r\npass',
        "multipart/form-data; boundary=x",
    ),
    "multipart part without a name": (
        b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--\r\n",
        "multipart/form-data; boundary=x",
    ),
    "multipart of an unknown charset": (
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--x--\r\n',
        "multipart/form-data; boundary=x; charset=nonsense",
    ),
}


@pytest.mark.parametrize(("content", "kind"), BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_body_gets_an_oauth_error(application: Application, content: bytes, kind: str) -> None:
    answer = await ask(application, content, kind)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] in ("invalid_request", "invalid_grant")


async def test_a_file_is_no_parameter(application: Application) -> None:
    person = await application.registered()
    files: dict[str, Any] = {"password": ("password.txt", PASSWORD.encode())}
    answer = await application.http.post(
        "/auth/token", data={"grant_type": "password", "username": person.email}, files=files
    )
    assert_error(answer, "invalid_request")


async def test_a_body_of_a_megabyte_is_refused(application: Application) -> None:
    answer = await ask(application, "grant_type=password&username=a&password=" + "b" * 1_000_000)
    assert answer.status_code == 413


async def test_wrong_credentials_are_an_invalid_grant_and_all_the_same(application: Application) -> None:
    """LG-01"""
    person, disabled = await application.registered(), await application.registered()
    await application.auth.accounts.disable(application.key(disabled))
    answers = [
        await application.http.post("/auth/token", data={"grant_type": "password", "username": name, "password": word})
        for name, word in ((person.email, "wrong"), (new_email(), PASSWORD), (disabled.email, PASSWORD), ("x", "y"))
    ]
    for answer in answers:
        assert_error(answer, "invalid_grant")
    assert len({answer.content for answer in answers}) == 1


async def test_a_spent_refresh_token_is_an_invalid_grant_and_ends_the_session(application: Application) -> None:
    """RT-02 by the other door."""
    session = await application.signed_in()
    latest = await application.refreshed(await application.refreshed(session))
    form = {"grant_type": "refresh_token", "refresh_token": session.refresh_token}
    assert_error(await application.http.post("/auth/token", data=form), "invalid_grant")
    assert_dead(await application.me(latest))
    for token in ("A" * 64, "x", "A" * 60_000, session.access_token):
        form = {"grant_type": "refresh_token", "refresh_token": token}
        assert_error(await application.http.post("/auth/token", data=form), "invalid_grant")


@pytest.mark.parametrize("path", ["/auth/token?grant_type=password", "/auth/token?username=a&password=b"])
async def test_parameters_in_the_address_are_not_looked_at(application: Application, path: str) -> None:
    """LK-05: an access log would keep them."""
    person = await application.registered()
    query = path + f"&username={person.email}&password={PASSWORD}"
    answer = await application.http.post(query, content="", headers={"Content-Type": FORM})
    assert_error(answer, "invalid_request")


async def test_only_post_gets_a_token(application: Application) -> None:
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        answer = await application.http.request(method, "/auth/token")
        assert answer.status_code == 405
        assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("as_parts", [False, True])
async def test_the_password_grant_gives_a_pair(application: Application, as_parts: bool) -> None:
    """RFC 6749 section 5.1; what other clients send along is ignored."""
    person = await application.registered()
    form = {
        "grant_type": "password",
        "username": person.email.upper(),
        "password": PASSWORD,
        "scope": "admin",
        "client_id": "",
        "client_secret": "x",
    }
    if as_parts:
        files: dict[str, Any] = {name: (None, value) for name, value in form.items()}
        answer = await application.http.post("/auth/token", files=files)
    else:
        answer = await application.http.post("/auth/token", data=form)
    assert answer.status_code == 200, answer.text
    pair = answer.json()
    assert set(pair) == {"access_token", "refresh_token", "token_type", "expires_in", "refresh_expires_in"}
    assert pair["token_type"] == "bearer"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    assert (await application.me(pair["access_token"])).json()["id"] == person.id


@pytest.mark.parametrize(
    "header", ["Basic Og==", "Basic dXNlcjpwYXNz", "Basic", "nonsense", "Bearer nonsense", "Bearer a b"]
)
async def test_an_authorization_header_is_ignored(application: Application, header: str) -> None:
    """Swagger UI sends Basic with an empty client id."""
    person = await application.registered()
    form = {"grant_type": "password", "username": person.email, "password": PASSWORD}
    answer = await application.http.post("/auth/token", data=form, headers={"Authorization": header})
    assert answer.status_code == 200


async def test_a_refresh_by_this_door_rotates_as_by_the_other(application: Application) -> None:
    session = await application.signed_in()
    form = {"grant_type": "refresh_token", "refresh_token": session.refresh_token}
    first, again = [(await application.http.post("/auth/token", data=form)).json() for _ in range(2)]
    assert first["refresh_token"] == again["refresh_token"] != session.refresh_token
    answer = await application.http.get("/auth/me", headers=bearer(first["access_token"]))
    assert answer.json()["id"] == session.person.id
    assert (await application.refresh(first["refresh_token"])).status_code == 200
