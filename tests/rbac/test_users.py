"""Accounts, as administrators see and manage them."""

import pytest

from fastapi_beyond_crud.core.identifiers import uuid7
from tests.rbac.company import Company
from tests.support.application import new_email

USER = {"id", "email", "is_active", "is_verified", "roles", "created_at"}
"""What one sees of an account; nothing of its password, versions or tokens."""


@pytest.fixture
async def badge(company: Company) -> dict[str, str]:
    return await company.badge(company.owner)


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "0",
        "-1",
        "null",
        "",
        " ",
        "' OR 1=1--",
        "0198c5f0-0000-7000-8000",
        "{0198c5f0-0000-7000-8000-000000000001}",
    ],
)
async def test_what_is_no_cursor_is_refused(company: Company, badge: dict[str, str], cursor: str) -> None:
    answer = await company.http.get("/auth/users", params={"cursor": cursor}, headers=badge)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert answer.json()["errors"][0]["loc"] == ["query", "cursor"]


@pytest.mark.parametrize("key", ["0", "x", "me", "null", "1.0", "%00", "urn:uuid:{id}", "{{{id}}}", "ID", "dashless"])
async def test_an_account_has_one_name_and_no_other_finds_it(company: Company, badge: dict[str, str], key: str) -> None:
    """IN-06: one spelling of a key, so that a rule on a path cannot be walked around."""
    person = await company.registered()
    spelled = {"ID": person.id.upper(), "dashless": person.id.replace("-", "")}.get(key) or key.replace(
        "{id}", person.id
    )
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {}),
        ("POST", "/disable", None),
        ("POST", "/enable", None),
        ("POST", "/sign-out", None),
        ("POST", "/roles", {"role": "reader"}),
        ("DELETE", "/roles/reader", None),
    ):
        answer = await company.http.request(method, f"/auth/users/{spelled}{path}", json=body, headers=badge)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (method, path)


async def test_an_account_that_does_not_exist_is_not_found(company: Company, badge: dict[str, str]) -> None:
    unknown = f"/auth/users/{uuid7()}"
    for answer in (
        await company.http.get(unknown, headers=badge),
        await company.http.patch(unknown, json={}, headers=badge),
        await company.http.post(f"{unknown}/disable", headers=badge),
        await company.http.post(f"{unknown}/enable", headers=badge),
        await company.http.post(f"{unknown}/sign-out", headers=badge),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_only_declared_fields_are_shown(company: Company, badge: dict[str, str]) -> None:
    """AZ-06: in the list, to administrators, to the owner, and after every change."""
    person = await company.employed("reader")
    own = await company.badge(person)
    path = f"/auth/users/{person.id}"
    shown = [
        (await company.http.get("/auth/users", params={"email": person.email}, headers=badge)).json()["items"][0],
        (await company.http.get(path, headers=badge)).json(),
        (await company.http.patch(path, json={"is_verified": True}, headers=badge)).json(),
        (await company.http.get("/auth/me", headers=own)).json(),
        (await company.http.patch("/auth/me", json={}, headers=own)).json(),
    ]
    for account in shown:
        assert set(account) == USER
        assert (account["id"], account["email"], account["roles"]) == (person.id, person.email, ["reader"])


async def test_nothing_secret_is_in_any_list(company: Company, badge: dict[str, str]) -> None:
    """AZ-06."""
    session = await company.signed_in()
    [row] = await company.sql("SELECT hashed_password FROM users WHERE id = CAST(:id AS uuid)", id=session.person.id)
    texts = [
        (await company.http.get("/auth/users", params={"limit": 100}, headers=badge)).text,
        (await company.http.get("/auth/sessions", headers=session.headers)).text,
        (await company.http.get("/auth/roles", headers=badge)).text,
    ]
    for text in texts:
        for secret in (row.hashed_password, "argon2", "hash", "nonce", session.refresh_token, session.access_token):
            assert secret not in text


async def test_filters_are_those_that_are_declared(company: Company, badge: dict[str, str]) -> None:
    """AZ-07: no oracle for columns; what is not declared changes nothing."""
    plain = (await company.http.get("/auth/users", params={"limit": 100}, headers=badge)).json()
    for name, value in (
        ("hashed_password__startswith", "$argon2"),
        ("sort", "hashed_password"),
        ("order_by", "auth_version"),
        ("fields", "hashed_password"),
        ("is_active", "false"),
        ("offset", "1"),
    ):
        answer = await company.http.get("/auth/users", params={"limit": 100, name: value}, headers=badge)
        assert answer.json() == plain


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_pages_put_together_are_all_accounts_in_order(
    company: Company, badge: dict[str, str], limit: int
) -> None:
    for _ in range(4):
        await company.registered()
    expected = [str(row.id) for row in await company.sql("SELECT id FROM users ORDER BY id")]
    found: list[str] = []
    cursor: str | None = None
    while True:
        params = {"limit": str(limit)} | ({} if cursor is None else {"cursor": cursor})
        page = (await company.http.get("/auth/users", params=params, headers=badge)).json()
        assert 0 < len(page["items"]) <= limit
        found += [account["id"] for account in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == expected


async def test_the_last_full_page_says_that_it_is_the_last(company: Company, badge: dict[str, str]) -> None:
    for _ in range(3):
        await company.registered()
    *expected, before = [str(row.id) for row in await company.sql("SELECT id FROM users ORDER BY id DESC LIMIT 4")]
    page = (await company.http.get("/auth/users", params={"limit": 3, "cursor": before}, headers=badge)).json()
    assert ([account["id"] for account in page["items"]], page["next_cursor"]) == (expected[::-1], None)


async def test_an_account_is_found_by_any_spelling_of_its_address(company: Company, badge: dict[str, str]) -> None:
    person = await company.registered()
    for spelling in (person.email, person.email.upper(), person.email.replace("example", "EXAMPLE")):
        page = (await company.http.get("/auth/users", params={"email": spelling}, headers=badge)).json()
        assert ([account["id"] for account in page["items"]], page["next_cursor"]) == ([person.id], None)


@pytest.mark.parametrize("email", ["", "x", "%", "_@example.com", "someone-%@example.com", "' OR ''='", "a@b@c"])
async def test_a_part_of_an_address_finds_nobody(company: Company, badge: dict[str, str], email: str) -> None:
    """IN-05."""
    for asked in (email, new_email()):
        answer = await company.http.get("/auth/users", params={"email": asked}, headers=badge)
        assert (answer.status_code, answer.json()) == (200, {"items": [], "next_cursor": None})


async def test_switching_off_ends_everything_at_once_and_switching_on_revives_nothing(
    company: Company, badge: dict[str, str]
) -> None:
    """RV-06."""
    session = await company.signed_in()
    person, path = session.person, f"/auth/users/{session.person.id}"
    for _ in range(2):
        assert (await company.http.post(f"{path}/disable", headers=badge)).status_code == 204
        assert (await company.me(session)).status_code == 401
        assert (await company.refresh(session.refresh_token)).status_code == 401
        assert (await company.http.post("/auth/login", json=person.credentials)).status_code == 401
    assert (await company.http.get(path, headers=badge)).json()["is_active"] is False
    for _ in range(2):
        assert (await company.http.post(f"{path}/enable", headers=badge)).status_code == 204
        assert (await company.me(session)).status_code == 401
        assert (await company.refresh(session.refresh_token)).status_code == 401
    assert (await company.me(await company.signed_in(person))).status_code == 200


async def test_signing_somebody_out_ends_their_sessions_and_nobody_elses(
    company: Company, badge: dict[str, str]
) -> None:
    """RV-16."""
    person = await company.registered()
    first, second, other = await company.signed_in(person), await company.signed_in(person), await company.signed_in()
    assert (await company.http.post(f"/auth/users/{person.id}/sign-out", headers=badge)).status_code == 204
    assert [(await company.me(session)).status_code for session in (first, second, other)] == [401, 401, 200]
    assert (await company.me(await company.signed_in(person))).status_code == 200


async def test_an_administrator_may_note_that_an_address_is_verified(company: Company, badge: dict[str, str]) -> None:
    person = await company.registered()
    for verified in (True, False):
        answer = await company.http.patch(f"/auth/users/{person.id}", json={"is_verified": verified}, headers=badge)
        assert (answer.status_code, answer.json()["is_verified"]) == (200, verified)
    wrongs: list[object] = [None, "maybe", 7, [], {}]
    for wrong in wrongs:
        answer = await company.http.patch(f"/auth/users/{person.id}", json={"is_verified": wrong}, headers=badge)
        assert answer.status_code == 422
