"""Somebody must be left who can grant roles."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from fastapi_beyond_crud import LastAdmin
from tests.rbac.company import ROLES, Company
from tests.support.application import Person, running, settings_for
from tests.support.databases import create_database, drop_database

ADMINS = """
    SELECT count(DISTINCT u.id) AS number FROM users u JOIN user_role_grants g ON g.user_id = u.id
    WHERE u.is_active AND g.role IN ('owner', 'chief', 'manager')
    AND g.scope IS NULL AND g.valid_until IS NULL AND g.valid_from IS NULL
"""


@pytest.fixture(scope="module")
async def firm(server_url: str) -> AsyncIterator[Company]:
    """Where nobody else is an administrator."""
    url = await create_database(server_url)
    async with running(settings=settings_for(url, revocation="memory"), roles=ROLES) as application:
        firm = Company(application.auth, application.app, application.http)
        firm.owner = await firm.employed("owner")
        yield firm
    await drop_database(url, server_url=server_url)


@pytest.fixture(autouse=True)
async def only_the_owner(firm: Company) -> None:
    """Before each test there is one administrator."""
    await firm.sql("UPDATE users SET is_active = (id = CAST(:id AS uuid))", id=firm.owner.id)
    await firm.sql("DELETE FROM user_role_grants")
    await firm.granted(firm.owner, "owner")


async def administrators(firm: Company) -> int:
    [[number]] = await firm.sql(ADMINS)
    return int(number)


async def dismiss(firm: Company, how: str, person: Person) -> int:
    """Let the last administrator try; the status."""
    badge, path = await firm.badge(firm.owner), f"/auth/users/{person.id}"
    match how:
        case "demote":
            answer = await firm.http.delete(f"{path}/roles/owner", headers=badge)
        case "disable":
            answer = await firm.http.post(f"{path}/disable", headers=badge)
        case "end later":
            body = {"role": "owner", "valid_until": "2100-01-01T00:00:00Z"}
            answer = await firm.http.post(f"{path}/roles", json=body, headers=badge)
        case "begin later":
            body = {"role": "owner", "valid_from": "2100-01-01T00:00:00Z"}
            answer = await firm.http.post(f"{path}/roles", json=body, headers=badge)
    if answer.is_error:
        assert answer.json()["code"] == "last_admin"
    return answer.status_code


@pytest.mark.parametrize("how", ["demote", "disable", "end later", "begin later"])
async def test_the_last_administrator_stays(firm: Company, how: str) -> None:
    """AZ-19."""
    assert await dismiss(firm, how, firm.owner) == 409
    assert await administrators(firm) == 1
    assert (await firm.http.get("/auth/roles", headers=await firm.badge(firm.owner))).status_code == 200


@pytest.mark.parametrize("how", ["demote", "disable", "end later"])
@pytest.mark.parametrize("weak", ["disabled", "for a time", "later", "in a scope", "another role"])
async def test_whoever_cannot_grant_roles_for_good_is_no_second_administrator(
    firm: Company, how: str, weak: str
) -> None:
    """AZ-19."""
    second = await firm.registered()
    key, tomorrow = firm.key(second), datetime.now(UTC) + timedelta(days=1)
    match weak:
        case "disabled":
            await firm.granted(second, "owner")
            await firm.auth.accounts.disable(key)
        case "for a time":
            await firm.auth.grants.grant(key, "owner", valid_until=tomorrow)
        case "later":
            await firm.auth.grants.grant(key, "owner", valid_from=tomorrow)
        case "in a scope":
            await firm.auth.grants.grant(key, "owner", scope="team-1")
        case "another role":
            await firm.granted(second, "editor")
    assert await dismiss(firm, how, firm.owner) == 409


@pytest.mark.parametrize("how", ["demote", "disable", "end later", "begin later"])
@pytest.mark.parametrize("role", ["owner", "chief", "manager"])
async def test_of_two_administrators_one_may_go(firm: Company, how: str, role: str) -> None:
    """AZ-19: any role that includes ``roles:grant`` makes one."""
    await firm.employed(role)
    assert await dismiss(firm, how, firm.owner) in (201, 204)
    assert await administrators(firm) == 1


async def test_a_second_such_role_of_the_same_person_is_enough_to_drop_the_first(firm: Company) -> None:
    await firm.granted(firm.owner, "chief")
    assert await dismiss(firm, "demote", firm.owner) == 204
    assert await administrators(firm) == 1
    with pytest.raises(LastAdmin):
        await firm.auth.grants.revoke(firm.key(firm.owner), "chief")


async def test_a_role_that_grants_nothing_may_always_be_taken(firm: Company) -> None:
    await firm.granted(firm.owner, "reader")
    await firm.auth.grants.revoke(firm.key(firm.owner), "reader")


@pytest.mark.parametrize("other_way", ["demote", "disable", "bound"])
async def test_of_two_who_are_dismissed_at_once_one_stays(firm: Company, other_way: str) -> None:
    """RC-04: counting first and removing then left nobody in twenty of twenty rounds."""
    second = await firm.employed("owner")
    one, other = firm.key(firm.owner), firm.key(second)
    grants, accounts = firm.auth.grants, firm.auth.accounts
    later = datetime.now(UTC) + timedelta(days=1)
    for _ in range(20):
        assert await administrators(firm) == 2
        if other_way == "demote":
            second_way = grants.revoke(other, "owner")
        elif other_way == "disable":
            second_way = accounts.disable(other)
        else:
            second_way = grants.grant(other, "owner", valid_until=later)  # type: ignore[assignment] # awaited alike
        outcomes = await asyncio.gather(grants.revoke(one, "owner"), second_way, return_exceptions=True)
        assert await administrators(firm) == 1
        assert sum(isinstance(outcome, LastAdmin) for outcome in outcomes) == 1, outcomes
        await accounts.enable(other)
        await asyncio.gather(grants.grant(one, "owner"), grants.grant(other, "owner"))


async def test_administrators_who_demote_one_another_at_once_leave_one(firm: Company) -> None:
    """RC-04: over HTTP; whoever loses may also have lost the right to do it."""
    second = await firm.employed("owner")
    for _ in range(10):
        badges = await firm.badge(firm.owner), await firm.badge(second)
        answers = await asyncio.gather(
            firm.http.delete(f"/auth/users/{second.id}/roles/owner", headers=badges[0]),
            firm.http.delete(f"/auth/users/{firm.owner.id}/roles/owner", headers=badges[1]),
        )
        assert sorted(answer.status_code for answer in answers) in ([204, 403], [204, 409])
        assert await administrators(firm) == 1
        await firm.granted(firm.owner, "owner")
        await firm.granted(second, "owner")
