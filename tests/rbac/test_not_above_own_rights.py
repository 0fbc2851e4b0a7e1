"""Nobody grants, takes or manages what is above their own rights."""

import pytest

from tests.rbac.company import Company


@pytest.mark.parametrize("role", ["owner", "chief", "editor"])
async def test_nobody_grants_themselves_or_others_what_they_lack(company: Company, role: str) -> None:
    """AZ-05: ``editor`` is no higher rank, but has a right that managers lack."""
    manager, badge = await company.hired("manager")
    other = await company.registered()
    for target in (manager, other):
        answer = await company.http.post(f"/auth/users/{target.id}/roles", json={"role": role}, headers=badge)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
        assert answer.json()["decision_id"]
    assert await company.roles_of(manager) == ["manager"]
    assert await company.roles_of(other) == []


@pytest.mark.parametrize("body", [{"scope": "team-1"}, {"valid_until": "2100-01-01T00:00:00Z"}, {"reason": "please"}])
async def test_a_scope_or_a_bound_is_no_way_around_it(company: Company, body: dict[str, str]) -> None:
    """AZ-05."""
    manager, badge = await company.hired("manager")
    answer = await company.http.post(f"/auth/users/{manager.id}/roles", json={"role": "owner", **body}, headers=badge)
    assert answer.status_code == 403


async def test_nobody_takes_a_role_that_is_above_their_own_rights(company: Company) -> None:
    """AZ-05."""
    _, badge = await company.hired("manager")
    editor = await company.employed("editor")
    answer = await company.http.delete(f"/auth/users/{editor.id}/roles/editor", headers=badge)
    assert answer.status_code == 403
    assert await company.roles_of(editor) == ["editor"]


async def test_nobody_changes_the_roles_of_somebody_who_is_allowed_more(company: Company) -> None:
    """AZ-05: not even by a harmless role; it would be a way to tamper with a superior."""
    _, badge = await company.hired("manager")
    superior = await company.employed("owner", "reader")
    granted = await company.http.post(f"/auth/users/{superior.id}/roles", json={"role": "support"}, headers=badge)
    taken = await company.http.delete(f"/auth/users/{superior.id}/roles/reader", headers=badge)
    assert (granted.status_code, taken.status_code) == (403, 403)
    assert await company.roles_of(superior) == ["owner", "reader"]


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/disable"), ("POST", "/enable"), ("POST", "/sign-out"), ("PATCH", "")]
)
async def test_nobody_manages_an_account_that_is_allowed_more(company: Company, method: str, path: str) -> None:
    """AZ-05."""
    _, badge = await company.hired("manager")
    superior, superiors_badge = await company.hired("owner")
    answer = await company.http.request(method, f"/auth/users/{superior.id}{path}", json={}, headers=badge)
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert (await company.http.get("/whoami", headers=superiors_badge)).status_code == 200


async def test_support_may_look_and_nothing_else(company: Company) -> None:
    """AZ-05."""
    _, badge = await company.hired("support")
    other = await company.registered()
    assert (await company.http.get(f"/auth/users/{other.id}", headers=badge)).status_code == 200
    assert (await company.http.get("/auth/users", headers=badge)).status_code == 200
    for method, path, body in (
        ("POST", f"/auth/users/{other.id}/disable", None),
        ("POST", f"/auth/users/{other.id}/sign-out", None),
        ("PATCH", f"/auth/users/{other.id}", {"is_verified": True}),
        ("POST", f"/auth/users/{other.id}/roles", {"role": "support"}),
        ("DELETE", f"/auth/users/{other.id}/roles/support", None),
        ("GET", "/auth/roles", None),
    ):
        assert (await company.http.request(method, path, json=body, headers=badge)).status_code == 403


async def test_a_manager_manages_those_who_are_allowed_no_more(company: Company) -> None:
    manager, badge = await company.hired("manager")
    reader, readers_badge = await company.hired("reader")
    peer = await company.employed("manager")
    users = f"/auth/users/{reader.id}"
    granted = await company.http.post(f"{users}/roles", json={"role": "support"}, headers=badge)
    assert (granted.status_code, granted.json()["granted_by"]) == (201, manager.id)
    assert await company.roles_of(reader) == ["reader", "support"]
    assert (await company.http.delete(f"{users}/roles/support", headers=badge)).status_code == 204
    assert (await company.http.post(f"{users}/sign-out", headers=badge)).status_code == 204
    assert (await company.http.get("/whoami", headers=readers_badge)).status_code == 401
    assert (await company.http.post(f"/auth/users/{peer.id}/roles", json={"role": "reader"}, headers=badge)).is_success


async def test_the_system_is_above_all(company: Company) -> None:
    """Scripts and the command line act without a principal."""
    person = await company.employed("chief")
    assert await company.roles_of(person) == ["chief"]
    await company.auth.grants.revoke(company.key(person), "chief")
    assert await company.roles_of(person) == []


async def test_a_manager_who_was_demoted_a_moment_ago_grants_nothing_more(company: Company) -> None:
    """RV-07, AZ-05: with the token of before."""
    manager, badge = await company.hired("manager")
    await company.auth.grants.revoke(company.key(manager), "manager")
    other = await company.registered()
    answer = await company.http.post(f"/auth/users/{other.id}/roles", json={"role": "support"}, headers=badge)
    assert answer.status_code == 403
