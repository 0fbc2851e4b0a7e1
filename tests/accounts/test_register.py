"""Signing up."""

import asyncio
import json
from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from fastapi_beyond_crud import ConfigurationError, SettingsError, UserCreate
from fastapi_beyond_crud.core.errors import EmailTaken
from tests.support.application import PASSWORD, Application, new_email, running, settings_for

PROTECTED: dict[str, Any] = {
    "id": "00000000-0000-7000-8000-000000000000",
    "is_active": False,
    "is_verified": True,
    "is_superuser": True,
    "roles": ["admin"],
    "role": "admin",
    "permissions": ["*"],
    "hashed_password": "x",
    "auth_version": 9,
    "cutoff_version": 0,
    "created_at": "2001-01-01T00:00:00Z",
    "updated_at": "2001-01-01T00:00:00Z",
    "age": 40,
}


async def register(application: Application, **body: Any) -> Any:
    return await application.http.post("/auth/register", json=body)


@pytest.mark.parametrize(("name", "value"), PROTECTED.items())
async def test_nobody_gives_themselves_rights_at_the_registration(library: Application, name: str, value: Any) -> None:
    """AZ-04: members that the model does not declare are refused, not ignored."""
    email = new_email()
    answer = await register(library, email=email, password=PASSWORD, **{name: value})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"loc": ["body", name], "type": "extra_forbidden", "msg": "Extra inputs are not permitted"}
    ]
    assert await library.sql("SELECT 1 FROM readers WHERE email = :email", email=email) == []


@pytest.mark.parametrize(
    ("password", "kind"),
    [
        ("", "password_too_short"),
        ("fourteen chars", "password_too_short"),
        ("a" * 1025, "string_too_long"),
        ("fifteen chars \0!", "password_unusable"),
    ],
)
async def test_a_password_against_the_policy_is_refused_and_not_repeated(
    library: Application, password: str, kind: str
) -> None:
    answer = await register(library, email=new_email(), password=password)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["loc"] == ["body", "password"]
    assert error["type"] in (kind, "too_long")
    assert not password or password not in answer.text


@pytest.mark.parametrize("value", [None, 5, ["a"], {"a": 1}, True, 10**400])
@pytest.mark.parametrize("field", ["email", "password", "display_name"])
async def test_a_value_of_another_type_is_refused(library: Application, field: str, value: Any) -> None:
    body = {"email": new_email(), "password": PASSWORD, "display_name": "Ada"} | {field: value}
    answer = await register(library, **body)
    assert answer.status_code == 422
    assert {tuple(error["loc"]) for error in answer.json()["errors"]} == {("body", field)}
    assert PASSWORD not in answer.text


@pytest.mark.parametrize("text", ["a\0b", "a\x1bb", "a\x7fb", "a\x85b", "a\ud800b"])
async def test_text_that_cannot_be_stored_is_refused(library: Application, text: str) -> None:
    """IN-04: in every text of the model, whether it is a CleanText or not."""
    for field in ("display_name", "nickname"):
        body = json.dumps({"email": new_email(), "password": PASSWORD, field: text}).encode()
        answer = await library.http.post("/auth/register", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["body", field]


async def test_a_taken_address_is_a_conflict_that_changes_nothing(library: Application) -> None:
    person = await library.registered(display_name="Ada")
    answer = await register(library, email=person.email, password="another horse battery", display_name="Eve")
    assert answer.status_code == 409
    assert answer.json()["code"] == "email_taken"
    assert person.email not in answer.text
    session = await library.signed_in(person)
    assert (await library.me(session)).json()["display_name"] == "Ada"
    refused = await library.http.post("/auth/login", json={"email": person.email, "password": "another horse battery"})
    assert refused.status_code == 401


async def test_another_unique_value_that_is_taken_is_a_plain_conflict(library: Application) -> None:
    nickname, email = new_email()[:30], new_email()
    await library.registered(nickname=nickname)
    answer = await register(library, email=email, password=PASSWORD, nickname=nickname)
    assert answer.status_code == 409
    assert answer.json()["code"] == "conflict"
    assert nickname not in answer.text
    assert (await register(library, email=email, password=PASSWORD)).status_code == 201


async def test_ten_sign_ups_for_one_other_unique_value_make_one_account(library: Application) -> None:
    """RC-01, for a column of the application's own."""
    nickname = new_email()[:30]
    answers = await asyncio.gather(
        *(register(library, email=new_email(), password=PASSWORD, nickname=nickname) for _ in range(10))
    )
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 9}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"conflict"}
    assert len(await library.sql("SELECT 1 FROM readers WHERE nickname = :nickname", nickname=nickname)) == 1


async def test_an_address_that_is_taken_while_it_is_registered_leaves_no_roles_behind(library: Application) -> None:
    person = await library.registered()
    with pytest.raises(EmailTaken):
        await library.auth.accounts.register(
            UserCreate(email=person.email, password=SecretStr(PASSWORD)), roles=["admin"]
        )
    roles = await library.sql("SELECT role FROM reader_role_grants WHERE user_id = :id", id=UUID(person.id))
    assert [row.role for row in roles] == ["user"]


async def test_closed_registration_has_no_route(database_url: str) -> None:
    settings = settings_for(database_url, registration="closed", require_verified=False)
    async with running(settings=settings) as application:
        answer = await register(application, email=new_email(), password=PASSWORD)
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"
        assert "/auth/register" not in application.app.openapi()["paths"]
        # Scripts and the command line still make accounts.
        account = await application.auth.accounts.register(UserCreate(email=new_email(), password=SecretStr(PASSWORD)))
        assert account.user.is_active


async def test_registration_by_mail_is_refused_at_start_with_a_sentence(database_url: str) -> None:
    """The default of the settings; this version sends no mail."""
    settings = settings_for(database_url, registration="safe", require_verified=True)
    with pytest.raises(SettingsError, match=r"AUTH_REGISTRATION.*open.*closed"):
        async with running(settings=settings):
            pass


async def test_an_unknown_default_role_is_refused_at_start(database_url: str) -> None:
    with pytest.raises(ConfigurationError, match="librarian_in_chief"):
        async with running(settings=settings_for(database_url, default_roles="librarian_in_chief")):
            pass


async def test_the_new_account_comes_back_without_its_password(library: Application) -> None:
    email = new_email()
    answer = await register(library, email=email.title(), password=PASSWORD, display_name="Ada\tLovelace")
    assert answer.status_code == 201
    body = answer.json()
    assert UUID(body.pop("id")).version == 7
    assert body.pop("created_at")
    assert body.pop("server_touched")
    assert body == {
        "email": email,
        "is_active": True,
        "is_verified": False,
        "roles": ["user"],
        "display_name": "Ada\tLovelace",
        "nickname": None,
        "age": None,
    }
    assert answer.headers["cache-control"] == "no-store"
    (row,) = await library.sql("SELECT * FROM readers WHERE email = :email", email=email)
    assert row.hashed_password.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert (row.auth_version, row.cutoff_version) == (1, 0)


async def test_a_new_account_is_signed_out(library: Application) -> None:
    """A registration proves nothing about the owner of the address, so it opens no session."""
    person = await library.registered()
    assert await library.sql("SELECT 1 FROM reader_sessions WHERE user_id = :id", id=UUID(person.id)) == []


@pytest.mark.parametrize(
    "password", ["p" * 15, "\U0001f511" * 15, " " * 15, "p" * 1024, "\u0e23\u0e2b\u0e31\u0e2a" * 4]
)
async def test_any_long_enough_password_is_taken_and_works(library: Application, password: str) -> None:
    person = await library.registered(password=password)
    session = await library.signed_in(person)
    assert (await library.me(session)).status_code == 200
