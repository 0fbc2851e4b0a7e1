"""One's own account: reading it and changing what people may change themselves."""

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import DeclarativeBase

from fastapi_beyond_crud import Auth, ConfigurationError, UserCreate, UserMixin, UserUpdate
from tests.accounts.test_register import PROTECTED
from tests.sessions.rows import assert_dead
from tests.support.application import Application, bearer, new_email


async def change(application: Application, headers: dict[str, str], body: Any) -> Any:
    content = json.dumps(body).encode()
    return await application.http.patch(
        "/auth/me", content=content, headers={**headers, "Content-Type": "application/json"}
    )


@pytest.mark.parametrize("method", ["GET", "PATCH"])
async def test_nobody_reads_or_changes_an_account_without_a_token(library: Application, method: str) -> None:
    for headers in ({}, bearer("nonsense")):
        answer = await library.http.request(method, "/auth/me", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", [*sorted(PROTECTED.keys() - {"age"}), "email", "password", "display_names"])
async def test_what_decides_about_rights_cannot_be_changed(library: Application, name: str) -> None:
    """AZ-04"""
    session = await library.signed_in()
    before = (await library.me(session)).json()
    for value in (PROTECTED.get(name), "x", None):
        answer = await change(library, session.headers, {"display_name": "Eve", name: value})
        assert answer.status_code == 422
        assert {"loc": ["body", name], "type": "extra_forbidden", "msg": "Extra inputs are not permitted"} in (
            answer.json()["errors"]
        )
    assert (await library.me(session)).json() == before


@pytest.mark.parametrize(
    "body",
    [
        {"display_name": ""},
        {"display_name": "a" * 101},
        {"display_name": "a\0b"},
        {"nickname": "a\ud800"},
        {"nickname": "a\x1b"},
        {"nickname": ["a"]},
        {"age": -1},
        {"age": 10**400},
        {"age": "\u0664\u0660x"},
        {"age": 1e999},
        [],
        "text",
        None,
    ],
    ids=repr,
)
async def test_a_value_that_the_model_refuses_changes_nothing(library: Application, body: Any) -> None:
    session = await library.signed_in()
    answer = await change(library, session.headers, body)
    assert answer.status_code == 422
    assert answer.json()["code"] == "validation_failed"


async def test_a_value_that_somebody_else_has_is_a_conflict(library: Application) -> None:
    nickname = new_email()[:30]
    await library.registered(nickname=nickname)
    session = await library.signed_in()
    answer = await change(library, session.headers, {"display_name": "Eve", "nickname": nickname})
    assert answer.status_code == 409
    assert answer.json()["code"] == "conflict"
    assert (await library.me(session)).json()["display_name"] == "somebody"


async def test_null_where_the_database_wants_a_value_is_a_conflict_and_no_error_of_the_server(
    library: Application,
) -> None:
    """The model lets null through where the column does not: an oversight that must not become a 500."""
    session = await library.signed_in()
    answer = await change(library, session.headers, {"display_name": None})
    assert answer.status_code in (409, 422)
    assert (await library.me(session)).json()["display_name"] == "somebody"


async def test_what_is_left_out_stays_and_null_is_stored(library: Application) -> None:
    nickname = new_email()[:30]
    session = await library.signed_in(await library.registered(display_name="Ada", nickname=nickname))
    answer = await change(library, session.headers, {"age": 36})
    assert answer.status_code == 200
    seen = answer.json()
    assert (seen["display_name"], seen["nickname"], seen["age"]) == ("Ada", nickname, 36)
    seen = (await change(library, session.headers, {"nickname": None})).json()
    assert (seen["display_name"], seen["nickname"], seen["age"]) == ("Ada", None, 36)
    seen = (await change(library, session.headers, {})).json()
    assert (seen["display_name"], seen["nickname"], seen["age"]) == ("Ada", None, 36)
    assert (await library.me(session)).json() == seen
    assert answer.headers["cache-control"] == "no-store"


async def test_a_change_signs_nobody_out(library: Application) -> None:
    session = await library.signed_in()
    other = await library.signed_in(session.person)
    await change(library, session.headers, {"display_name": "Ada"})
    for one in (session, other):
        assert (await library.me(one)).json()["display_name"] == "Ada"


async def test_changes_of_different_fields_at_once_all_stay(library: Application) -> None:
    """Only the fields that were named are written, so none takes another back."""
    session = await library.signed_in()
    for age in range(5):
        answers = await asyncio.gather(
            change(library, session.headers, {"age": age}),
            change(library, session.headers, {"nickname": f"{age}{session.person.id}"[:30]}),
            change(library, session.headers, {"display_name": f"name {age}"}),
        )
        assert {answer.status_code for answer in answers} == {200}
        seen = (await library.me(session)).json()
        assert (seen["age"], seen["nickname"][0], seen["display_name"]) == (age, str(age), f"name {age}")


async def test_an_account_that_was_deleted_meanwhile_is_401(library: Application) -> None:
    session = await library.signed_in()
    user = UUID(session.person.id)
    for table in ("reader_role_grants", "reader_sessions"):
        await library.sql(f"DELETE FROM {table} WHERE user_id = :id", id=user)  # noqa: S608 - names of our own
    await library.sql("DELETE FROM readers WHERE id = :id", id=user)
    assert_dead(await library.me(session))
    assert_dead(await change(library, session.headers, {"age": 5}))


async def test_the_permissions_are_those_of_the_roles(library: Application) -> None:
    session = await library.signed_in()
    answer = await library.http.get("/auth/permissions", headers=session.headers)
    assert answer.json() == {"roles": ["user"], "permissions": ["books:create", "books:read"]}
    assert answer.headers["cache-control"] == "no-store"
    await library.granted(session.person, "librarian")
    answer = await library.http.get("/auth/permissions", headers=session.headers)
    assert answer.json() == {
        "roles": ["librarian", "user"],
        "permissions": ["books:create", "books:delete", "books:read"],
    }


class Base(DeclarativeBase): ...


class Member(UserMixin, Base):
    __tablename__ = "members"


@pytest.mark.parametrize(
    "name",
    [
        "id",
        "email",
        "password",
        "hashed_password",
        "is_active",
        "is_verified",
        "auth_version",
        "cutoff_version",
        "roles",
        "created_at",
        "updated_at",
    ],
)
def test_a_body_with_a_field_that_decides_about_rights_is_refused_at_once(name: str) -> None:
    """AZ-04: a mistake of the developer, found when the module is imported."""
    update = type("Update", (UserUpdate,), {"__annotations__": {name: str}})
    with pytest.raises(ConfigurationError, match=name):
        Auth(Member, update=update)
    if name not in ("email", "password"):
        create = type("Create", (UserCreate,), {"__annotations__": {name: str}})
        with pytest.raises(ConfigurationError, match=name):
            Auth(Member, create=create)


def test_a_body_that_takes_undeclared_members_is_refused_at_once() -> None:
    loose = type("Loose", (UserUpdate,), {"model_config": ConfigDict(extra="allow")})
    with pytest.raises(ConfigurationError, match="extra"):
        Auth(Member, update=loose)
    with pytest.raises(ConfigurationError, match="UserCreate"):
        Auth(Member, create=type("Other", (BaseModel,), {}))


def test_an_alias_is_no_way_around_the_protected_fields() -> None:
    """AZ-04: what counts is the attribute that would be set."""
    from pydantic import Field

    sneaky = type("Sneaky", (UserUpdate,), {"__annotations__": {"is_active": bool}, "is_active": Field(alias="on")})
    with pytest.raises(ConfigurationError, match="is_active"):
        Auth(Member, update=sneaky)
