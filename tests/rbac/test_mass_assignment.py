"""Nobody gives themselves what no field was made for."""

from typing import Any

import pytest

from tests.rbac.company import Company
from tests.support.application import PASSWORD, SignedIn, new_email

SMUGGLED: dict[str, Any] = {
    "role": "owner",
    "roles": ["owner"],
    "permissions": ["*"],
    "scopes": ["users:manage"],
    "is_admin": True,
    "is_superuser": True,
    "is_active": True,
    "is_verified": True,
    "email_verified": True,
    "id": "0198c5f0-0000-7000-8000-000000000001",
    "user_id": "0198c5f0-0000-7000-8000-000000000001",
    "password_hash": "x",
    "hashed_password": "x",
    "tenant_id": 1,
    "created_at": "2000-01-01T00:00:00Z",
    "updated_at": "2000-01-01T00:00:00Z",
    "mfa_enabled": True,
    "token_version": 0,
    "auth_version": 1,
    "cutoff_version": 0,
    "user": {"roles": ["owner"]},
    "__class__": {"x": 1},
    "_sa_instance_state": None,
    "metadata": {},
    "": "x",
}


async def rows(company: Company) -> Any:
    """Everything that such a field could have changed."""
    users = await company.sql("SELECT * FROM users ORDER BY id")
    return users, await company.sql("SELECT * FROM user_role_grants ORDER BY id")


@pytest.fixture(scope="module")
async def someone(company: Company) -> SignedIn:
    return await company.signed_in()


@pytest.mark.parametrize("field", list(SMUGGLED))
async def test_a_field_that_is_not_declared_is_refused_and_changes_nothing(
    company: Company, someone: SignedIn, field: str
) -> None:
    """AZ-04: in every body there is."""
    owner = await company.badge(company.owner)
    person, own = someone.person, someone.headers
    more = {field: SMUGGLED[field]}
    credentials = {"email": person.email, "password": person.password}
    requests: list[tuple[str, str, dict[str, Any], dict[str, str]]] = [
        ("POST", "/auth/register", {"email": new_email(), "password": PASSWORD}, {}),
        ("POST", "/auth/login", credentials, {}),
        ("POST", "/auth/refresh", {"refresh_token": someone.refresh_token}, {}),
        ("POST", "/auth/logout", {}, own),
        ("PATCH", "/auth/me", {}, own),
        ("POST", "/auth/password/change", {"current_password": person.password, "new_password": PASSWORD * 2}, own),
        ("PATCH", f"/auth/users/{person.id}", {}, owner),
        ("POST", f"/auth/users/{person.id}/roles", {"role": "reader"}, owner),
    ]
    before = await rows(company)
    for method, path, body, headers in requests:
        declared = (path.endswith("/roles") and field == "role") or (
            path.startswith("/auth/users") and field == "is_verified"
        )
        if declared:
            continue
        answer = await company.http.request(method, path, json={**body, **more}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), path
        assert answer.json()["errors"][0]["type"] == "extra_forbidden"
    assert await rows(company) == before


@pytest.mark.parametrize("field", list(SMUGGLED))
async def test_a_form_carries_no_more_than_it_should(company: Company, someone: SignedIn, field: str) -> None:
    """AZ-04: RFC 6749 wants unknown parameters ignored; ignored they must be."""
    before = await rows(company)
    form = {"grant_type": "password", "username": someone.person.email, "password": someone.person.password}
    answer = await company.http.post("/auth/token", data={**form, field: str(SMUGGLED[field])})
    assert answer.status_code == 200
    assert await rows(company) == before
    whoami = await company.http.get("/whoami", headers={"Authorization": f"Bearer {answer.json()['access_token']}"})
    assert whoami.json()["roles"] == []


async def test_a_member_that_comes_twice_cannot_smuggle_either(company: Company, someone: SignedIn) -> None:
    content = b'{"is_verified": true, "is_verified": false, "roles": []}'
    headers = {**someone.headers, "content-type": "application/json"}
    before = await rows(company)
    assert (await company.http.patch("/auth/me", content=content, headers=headers)).status_code == 422
    assert await rows(company) == before
