"""Logging in: one answer to whatever is wrong, and one spelling of each address."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from argon2.low_level import Type, hash_secret

from tests.support.application import PASSWORD, Application, Person, new_email, running, settings_for

WRONG = "a wrong horse battery"


@pytest.fixture
def application(shared_application: Application) -> Application:
    return shared_application


async def login(application: Application, email: Any, password: Any = PASSWORD) -> httpx.Response:
    # As json writes it, so that a lone surrogate arrives as an escape.
    body = json.dumps({"email": email, "password": password}).encode()
    return await application.http.post("/auth/login", content=body, headers={"Content-Type": "application/json"})


async def disabled(application: Application) -> Person:
    person = await application.registered()
    await application.auth.accounts.disable(application.key(person))
    return person


async def passwordless(application: Application) -> Person:
    person = await application.registered()
    await application.sql("UPDATE users SET hashed_password = NULL WHERE id = :id", id=UUID(person.id))
    return person


async def with_hash(application: Application, stored: str) -> Person:
    person = await application.registered()
    statement = "UPDATE users SET hashed_password = :stored WHERE id = :id"
    await application.sql(statement, stored=stored, id=UUID(person.id))
    return person


def without_date(answer: httpx.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    """Everything that a client sees, except for the clock."""
    return answer.status_code, answer.content, [item for item in answer.headers.multi_items() if item[0] != "date"]


async def test_whatever_is_wrong_the_answer_is_the_same_to_the_byte(application: Application) -> None:
    """LG-01"""
    person = await application.registered()
    answers = {
        "wrong password": await login(application, person.email, WRONG),
        "empty password": await login(application, person.email, ""),
        "unknown address": await login(application, new_email()),
        "no address at all": await login(application, "nobody"),
        "empty address": await login(application, ""),
        "disabled": await login(application, (await disabled(application)).email),
        "disabled, wrong password": await login(application, (await disabled(application)).email, WRONG),
        "passwordless": await login(application, (await passwordless(application)).email),
        "passwordless, empty": await login(application, (await passwordless(application)).email, ""),
        "hash of garbage": await login(application, (await with_hash(application, "garbage")).email),
        "hash of an unusable password": await login(application, (await with_hash(application, "!")).email),
        "NUL in the password": await login(application, person.email, PASSWORD + "\0"),
        "NUL in the address": await login(application, "\0" + person.email),
        "60 KB password": await login(application, person.email, "A" * 60_000),
    }
    seen = {name: without_date(answer) for name, answer in answers.items()}
    expected = seen.pop("wrong password")
    assert {name: answer for name, answer in seen.items() if answer != expected} == {}
    assert expected[0] == 401
    body = json.loads(expected[1])
    assert body["code"] == "credentials_invalid"
    assert set(body) == {"type", "title", "status", "detail", "code"}
    headers = dict(expected[2])
    assert headers["cache-control"] == "no-store"
    assert headers["www-authenticate"] == "Bearer"
    assert "set-cookie" not in headers


async def test_whatever_is_wrong_the_work_is_the_same(application: Application) -> None:
    """LG-02: one hash each, counted where it is computed; the hashing itself is equal by construction."""
    person = await application.registered()
    cases = [
        (person.email, WRONG),
        (new_email(), PASSWORD),
        ("nobody", PASSWORD),
        ((await disabled(application)).email, PASSWORD),
        ((await passwordless(application)).email, PASSWORD),
        ((await with_hash(application, "garbage")).email, PASSWORD),
        (person.email, PASSWORD),
    ]
    hasher = application.auth.tokens._hasher
    costs = []
    for email, password in cases:
        before = hasher.computed
        await login(application, email, password)
        costs.append(hasher.computed - before)
    assert costs == [1] * len(cases)


@pytest.mark.parametrize("field", ["email", "password"])
@pytest.mark.parametrize("value", [None, True, 5, 0.5, ["a", "b"], [], {"$ne": ""}, {}, 10**400])
async def test_credentials_are_texts(application: Application, field: str, value: Any) -> None:
    """LG-16: no list of passwords, no operator of a query language."""
    person = await application.registered()
    answer = await application.http.post("/auth/login", json=person.credentials | {field: value})
    assert answer.status_code == 422
    body = answer.json()
    assert body["code"] == "validation_failed"
    assert [set(one) for one in body["errors"]] == [{"loc", "type", "msg"}] * len(body["errors"])
    assert {tuple(one["loc"]) for one in body["errors"]} == {("body", field)}


@pytest.mark.parametrize("body", [{"totp": "123456"}, {"roles": ["admin"]}, {"user_id": 1}, {"transport": "cookie"}])
async def test_members_that_are_not_declared_are_refused(application: Application, body: dict[str, Any]) -> None:
    person = await application.registered()
    answer = await application.http.post("/auth/login", json=person.credentials | body)
    assert answer.status_code == 422
    assert answer.json()["code"] == "validation_failed"


async def test_a_form_is_no_log_in(application: Application) -> None:
    """CK-10: what another page could send without asking first is not read as JSON."""
    person = await application.registered()
    body = json.dumps(person.credentials).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", None):
        headers = {} if kind is None else {"Content-Type": kind}
        answer = await application.http.post("/auth/login", content=body, headers=headers)
        assert answer.status_code == 422, kind


async def test_the_answer_to_a_log_in_is_the_pair_and_nothing_else(application: Application) -> None:
    person = await application.registered()
    answer = await application.http.post("/auth/login", json=person.credentials | {"transport": "bearer"})
    assert answer.status_code == 200
    pair = answer.json()
    assert set(pair) == {"access_token", "refresh_token", "token_type", "expires_in", "refresh_expires_in"}
    assert pair["token_type"] == "bearer"
    assert pair["expires_in"] == 900
    assert pair["refresh_expires_in"] == pytest.approx(14 * 86_400, abs=2)
    assert len(pair["refresh_token"]) == 64
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    assert "set-cookie" not in answer.headers


async def test_an_access_token_holds_names_and_numbers_and_nothing_personal(application: Application) -> None:
    session = await application.signed_in()
    await application.granted(session.person, "user")
    session = await application.refreshed(session)
    claims = session.claims
    assert set(claims) == {"iss", "aud", "sub", "sid", "jti", "iat", "exp", "auth_time", "amr", "av", "roles"}
    assert claims["sub"] == session.person.id
    assert claims["iss"] == claims["aud"] == application.auth.settings.issuer
    assert claims["roles"] == ["user"]
    assert claims["amr"] == ["pwd"]
    assert "@" not in json.dumps(claims)
    assert "books" not in json.dumps(claims)


SAME = {
    "capitals": ("someone-{}@example.com", "SOMEONE-{}@EXAMPLE.COM"),
    "some capitals": ("someone-{}@example.com", "Someone-{}@Example.Com"),
    "composed and decomposed": ("caf\u00e9-{}@example.com", "cafe\u0301-{}@example.com"),
    "capital of a letter with an accent": ("\u00e9-{}@example.com", "\u00c9-{}@example.com"),
    "a Unicode domain and its punycode": ("{}@b\u00fccher.example", "{}@xn--bcher-kva.example"),
    "a domain in full-width letters": ("{}@example.com", "{}@\uff45xample.com"),
    "a domain with an ideographic stop": ("{}@example.com", "{}@example\u3002com"),
    "Cyrillic capitals": (
        "\u043f\u043e\u0447\u0442\u0430-{}@example.com",
        "\u041f\u041e\u0427\u0422\u0410-{}@example.com",
    ),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME.keys())
async def test_equal_addresses_are_one_account(application: Application, one: str, other: str) -> None:
    """LG-13, IN-07: whichever is registered, the other logs in and cannot be registered again."""
    unique = new_email().split("@")[0]
    for first, second in ((one, other), (other, one)):
        unique += "x"
        person = await application.registered(first.format(unique))
        assert (await login(application, second.format(unique))).status_code == 200
        body = {"email": second.format(unique), "password": PASSWORD}
        assert (await application.http.post("/auth/register", json=body)).status_code == 409
        assert (await application.me(await application.signed_in(person))).json()["email"] == person.email


REFUSED = {
    "a display name": "Name <{}@example.com>",
    "a space before": " {}@example.com",
    "a space behind": "{}@example.com ",
    "a tab behind": "{}@example.com\t",
    "a line feed behind": "{}@example.com\n",
    "a header behind": "{}@example.com\r\nBcc: other@example.com",
    "a comma": "{}@example.com,other@example.com",
    "a dot at the end": "{}@example.com.",
    "two signs": "{}@other@example.com",
    "no domain": "{}@",
    "no dot": "{}@localhost",
    "an IP address": "{}@[127.0.0.1]",
    "quotes": '"{}"@example.com',
    "a comment": "{}(comment)@example.com",
    "the Kelvin sign": "\u212a-{}@example.com",
    "the Angstrom sign": "\u212b-{}@example.com",
    "a dotless i": "m\u0131ke-{}@example.com",
    "a dotted capital I": "\u0130-{}@example.com",
    "a long s": "\u017f-{}@example.com",
    "a sharp s": "stra\u00dfe-{}@example.com",
    "a ligature": "\ufb01-{}@example.com",
    "full-width letters": "\uff41-{}@example.com",
    "a soft hyphen": "a\u00adb-{}@example.com",
    "a zero-width joiner": "a\u200db-{}@example.com",
    "a right-to-left override": "a\u202eb-{}@example.com",
    "NUL": "a\0-{}@example.com",
    "DEL": "a\x7f-{}@example.com",
    "a control of Latin-1": "a\x85-{}@example.com",
    "a lone surrogate": "a\ud800-{}@example.com",
    "300 characters": "a" * 300 + "-{}@example.com",
}


@pytest.mark.parametrize("template", REFUSED.values(), ids=REFUSED.keys())
async def test_an_ambiguous_address_gets_no_account_and_no_session(application: Application, template: str) -> None:
    """IN-04, IN-08, IN-10: refused at the door, so that no two people can meet in one canonical form."""
    email = template.replace("{}", new_email().split("@")[0])
    body = json.dumps({"email": email, "password": PASSWORD}).encode()
    answer = await application.http.post("/auth/register", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["code"] == "validation_failed"
    assert "example" not in answer.text
    # A lone surrogate is no text at all, and is refused before anybody looks for an account.
    assert (await login(application, email)).status_code == (422 if "\ud800" in email else 401)


COUSINS = [
    ("k{}@example.com", "\u212a{}@example.com"),
    ("mike{}@example.com", "m\u0131ke{}@example.com"),
    ("ss{}@example.com", "\u00df{}@example.com"),
    ("fi{}@example.com", "\ufb01{}@example.com"),
    ("\u00e5{}@example.com", "\u212b{}@example.com"),
    ("a{}@example.com", "\u0430{}@example.com"),
    ("{}@example.com", "{}@\u0435xample.com"),
]


@pytest.mark.parametrize(("victim", "attacker"), COUSINS)
async def test_a_look_alike_never_reaches_the_account_it_looks_like(
    application: Application, victim: str, attacker: str
) -> None:
    """IN-08, CVE-2019-19844"""
    unique = new_email().split("@")[0]
    person = await application.registered(victim.format(unique))
    answer = await login(application, attacker.format(unique))
    assert answer.status_code == 401
    body = {"email": attacker.format(unique), "password": WRONG}
    registered = await application.http.post("/auth/register", json=body)
    assert registered.status_code in (201, 422)
    if registered.status_code == 201:
        assert registered.json()["id"] != person.id
        assert registered.json()["email"] != person.email
    assert (await login(application, person.email)).status_code == 200


async def test_the_password_may_be_typed_in_either_normal_form(application: Application) -> None:
    """A keyboard composes or does not; the person knows one password."""
    composed, decomposed = "mot de passe secr\u00e9t \u00e9", "mot de passe secre\u0301t e\u0301"
    person = await application.registered(password=composed)
    assert (await login(application, person.email, decomposed)).status_code == 200
    assert (await login(application, person.email, composed.upper())).status_code == 401
    assert (await login(application, person.email, composed + " ")).status_code == 401


async def test_a_log_in_replaces_an_outdated_hash(application: Application) -> None:
    """With the same password, and without ending a session."""
    person = await application.registered()
    weak = "$argon2id$v=19$m=8192,t=1,p=1$"
    stored = hash_secret(PASSWORD.encode(), b"0123456789abcdef", 1, 8192, 1, 32, Type.ID).decode()
    assert stored.startswith(weak)
    statement = "UPDATE users SET hashed_password = :stored WHERE id = :id"
    await application.sql(statement, stored=stored, id=UUID(person.id))
    first = await application.signed_in(person)
    (row,) = await application.sql("SELECT hashed_password FROM users WHERE id = :id", id=UUID(person.id))
    assert row[0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert (await application.me(first)).status_code == 200
    assert (await application.me(await application.signed_in(person))).status_code == 200


@pytest.fixture(scope="module")
async def verifying(database_url: str, redis_url: str) -> AsyncIterator[Application]:
    """Only verified addresses may log in; with open registration that is no secret."""
    async with running(settings=settings_for(database_url, redis_url, require_verified=True)) as made:
        yield made


async def test_an_unverified_address_is_told_so_only_after_the_right_password(verifying: Application) -> None:
    person = await verifying.registered()
    assert (await login(verifying, person.email, WRONG)).json()["code"] == "credentials_invalid"
    answer = await login(verifying, person.email)
    assert answer.status_code == 403
    assert answer.json()["code"] == "email_not_verified"
    await verifying.sql("UPDATE users SET is_verified = true WHERE id = :id", id=UUID(person.id))
    assert (await login(verifying, person.email)).status_code == 200


async def test_the_list_of_sessions_says_where_each_came_from(application: Application) -> None:
    person = await application.registered()
    agent = "Mozilla/5.0 (X11; Linux) \u202e\x1b[31m" + "A" * 400
    first = await application.signed_in(person)
    second = await application.http.post(
        "/auth/login",
        json=person.credentials,
        headers={b"User-Agent": agent.encode("utf-8"), b"X-Forwarded-For": b"203.0.113.9"},
    )
    answer = await application.http.get("/auth/sessions", headers=first.headers)
    body = answer.json()
    assert set(body) == {"items", "next_cursor"}
    assert body["next_cursor"] is None
    newest, oldest = body["items"]
    expected = {"id", "created_at", "last_seen_at", "expires_at", "ip", "user_agent", "current"}
    assert set(newest) == set(oldest) == expected
    assert (newest["current"], oldest["current"]) == (False, True)
    assert oldest["id"] == str(first.session_id)
    # No proxy is trusted, so what the client claims about its address is not looked at.
    assert newest["ip"] == "127.0.0.1"
    assert newest["user_agent"].startswith("Mozilla/5.0 (X11; Linux)")
    assert newest["user_agent"].isprintable()
    assert len(newest["user_agent"]) <= 255
    assert answer.headers["cache-control"] == "no-store"
    assert second.json()["access_token"] not in answer.text
