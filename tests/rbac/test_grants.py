"""Granting roles and taking them away, over HTTP."""

from datetime import UTC, datetime, timedelta

import pytest

from fastapi_beyond_crud import Conflict, NotFound, ValidationFailed
from fastapi_beyond_crud.core.identifiers import uuid7
from fastapi_beyond_crud.rbac.grants import GRANTS_PER_USER
from tests.rbac.company import Company


@pytest.fixture
async def badge(company: Company) -> dict[str, str]:
    return await company.badge(company.owner)


@pytest.mark.parametrize(
    "role",
    ["ghost", "Owner", "OWNER", "reader ", " reader", "reader,owner", "*", "re\u00adader", "\uff52eader", "x" * 64],
)
async def test_a_role_that_does_not_exist_cannot_be_granted(company: Company, badge: dict[str, str], role: str) -> None:
    """AZ-08."""
    person = await company.registered()
    answer = await company.http.post(f"/auth/users/{person.id}/roles", json={"role": role}, headers=badge)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert answer.json()["errors"] == [
        {"loc": ["body", "role"], "type": "unknown_role", "msg": "there is no such role"}
    ]


@pytest.mark.parametrize("role", [["reader"], {"name": "reader"}, None, 1, True, "", "x" * 65, "reader\0"])
async def test_what_is_no_name_cannot_be_granted(company: Company, badge: dict[str, str], role: object) -> None:
    """AZ-08."""
    person = await company.registered()
    answer = await company.http.post(f"/auth/users/{person.id}/roles", json={"role": role}, headers=badge)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert await company.roles_of(person) == []


async def test_an_account_that_does_not_exist_cannot_be_granted_a_role(company: Company, badge: dict[str, str]) -> None:
    for key in (str(uuid7()), "x", "0", "me"):
        answer = await company.http.post(f"/auth/users/{key}/roles", json={"role": "reader"}, headers=badge)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_role_that_is_not_held_cannot_be_taken(company: Company, badge: dict[str, str]) -> None:
    person = await company.employed("reader")
    path = f"/auth/users/{person.id}/roles"
    for answer in (
        await company.http.delete(f"{path}/editor", headers=badge),
        await company.http.delete(f"{path}/ghost", headers=badge),
        await company.http.delete(f"{path}/Reader", headers=badge),
        await company.http.delete(f"{path}/reader", params={"scope": "team-1"}, headers=badge),
        await company.http.delete(f"/auth/users/{uuid7()}/roles/reader", headers=badge),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert await company.roles_of(person) == ["reader"]


async def test_a_role_cannot_end_before_it_begins(company: Company, badge: dict[str, str]) -> None:
    person = await company.registered()
    for ends in ("2030-01-01T00:00:00Z", "2029-12-31T23:59:59Z", "2030-01-01T00:30:00+01:00"):
        body = {"role": "reader", "valid_from": "2030-01-01T00:00:00Z", "valid_until": ends}
        answer = await company.http.post(f"/auth/users/{person.id}/roles", json=body, headers=badge)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["body", "valid_until"]


async def test_a_time_without_a_zone_is_refused(company: Company, badge: dict[str, str]) -> None:
    person = await company.registered()
    body = {"role": "reader", "valid_until": "2030-01-01T00:00:00"}
    answer = await company.http.post(f"/auth/users/{person.id}/roles", json=body, headers=badge)
    assert answer.status_code == 422


async def test_an_account_has_only_so_many_roles_and_those_may_still_be_changed(company: Company) -> None:
    """They must fit into a token; but the last one may get new bounds."""
    person = await company.registered()
    key, grants = company.key(person), company.auth.grants
    for number in range(GRANTS_PER_USER):
        await grants.grant(key, "reader", scope=f"team-{number}")
    with pytest.raises(Conflict):
        await grants.grant(key, "reader", scope="one-more")
    with pytest.raises(Conflict):
        await grants.grant(key, "reader")
    later = datetime.now(UTC) + timedelta(days=1)
    assert (await grants.grant(key, "reader", scope="team-0", valid_until=later)).valid_until == later


async def test_a_grant_says_what_was_granted(company: Company, badge: dict[str, str]) -> None:
    person = await company.registered()
    body = {
        "role": "reader",
        "scope": "team-1",
        "valid_from": "2030-01-01T00:00:00Z",
        "valid_until": "2031-01-01T00:00:00+01:00",
        "reason": "covers for Ada",
    }
    answer = await company.http.post(f"/auth/users/{person.id}/roles", json=body, headers=badge)
    assert answer.status_code == 201
    said = answer.json()
    assert datetime.fromisoformat(said.pop("created_at")).utcoffset() is not None
    assert datetime.fromisoformat(said.pop("valid_from")) == datetime(2030, 1, 1, tzinfo=UTC)
    assert datetime.fromisoformat(said.pop("valid_until")) == datetime(2030, 12, 31, 23, tzinfo=UTC)
    assert said == {
        "role": "reader",
        "scope": "team-1",
        "granted_by": company.owner.id,
        "reason": "covers for Ada",
    }


async def test_a_role_within_a_scope_counts_nowhere_else(company: Company, badge: dict[str, str]) -> None:
    person = await company.registered()
    persons_badge = await company.badge(person)
    body = {"role": "owner", "scope": "team-1"}
    assert (await company.http.post(f"/auth/users/{person.id}/roles", json=body, headers=badge)).status_code == 201
    for header in (persons_badge, await company.badge(person)):
        assert (await company.http.get("/auth/users", headers=header)).status_code == 403
        assert (await company.http.get("/whoami", headers=header)).json()["roles"] == []
    path = f"/auth/users/{person.id}/roles/owner"
    assert (await company.http.delete(path, headers=badge)).status_code == 404
    assert (await company.http.delete(path, params={"scope": "team-1"}, headers=badge)).status_code == 204


async def test_granting_again_gives_the_grant_new_bounds(company: Company, badge: dict[str, str]) -> None:
    person = await company.employed("reader")
    rows = "SELECT valid_until FROM user_role_grants WHERE user_id = :id"
    for until in ("2030-01-01T00:00:00Z", None):
        body = {"role": "reader", "valid_until": until}
        assert (await company.http.post(f"/auth/users/{person.id}/roles", json=body, headers=badge)).is_success
        expected = None if until is None else datetime.fromisoformat(until)
        assert [row.valid_until for row in await company.sql(rows, id=person.id)] == [expected]


async def test_the_roles_are_listed_with_what_they_allow(company: Company, badge: dict[str, str]) -> None:
    listed = {role["name"]: role for role in (await company.http.get("/auth/roles", headers=badge)).json()}
    assert list(listed) == ["owner", "chief", "manager", "support", "editor", "reader"]
    assert listed["chief"]["parents"] == ["owner"]
    assert listed["chief"]["permissions"] == listed["owner"]["permissions"]
    assert {"books:read", "books:delete", "users:manage", "roles:grant"} <= set(listed["owner"]["permissions"])
    assert listed["reader"] == {"name": "reader", "permissions": ["books:read"], "parents": []}


async def test_the_service_raises_what_the_routes_answer(company: Company) -> None:
    person = await company.registered()
    with pytest.raises(ValidationFailed):
        await company.auth.grants.grant(company.key(person), "ghost")
    with pytest.raises(NotFound):
        await company.auth.grants.grant(uuid7(), "reader")
    with pytest.raises(NotFound):
        await company.auth.grants.revoke(company.key(person), "reader")
