"""The decisions about every route of the library, for every kind of caller. Reviewed by people, compared by a test.

A route that is missing here fails, and so does one that is here and not there.
"""

from dataclasses import dataclass
from typing import Any

UNKNOWN = "0198c5f0-0000-7000-8000-000000000001"
"""The key of an account or a session that does not exist."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One route: a request that is harmless, and the status for each caller.

    Attributes:
        anonymous: Without a credential; the same for a token that is revoked, expired or of a disabled account.
        user: An account with the role ``user``.
        admin: An account with the role ``admin``.
        path: Filled-in path, where it has parameters.
        body: What is sent as JSON; None for no body.
    """

    anonymous: int
    user: int
    admin: int
    path: str | None = None
    body: Any = None


def open_to_all(status: int, body: Any = None) -> Row:
    return Row(anonymous=status, user=status, admin=status, body=body)


def for_the_known(status: int, body: Any = None, path: str | None = None) -> Row:
    return Row(anonymous=401, user=status, admin=status, body=body, path=path)


def for_admins(status: int, body: Any = None, path: str | None = None) -> Row:
    return Row(anonymous=401, user=403, admin=status, body=body, path=path)


MATRIX = {
    "POST /auth/register": open_to_all(422, {}),
    "POST /auth/login": open_to_all(422, {}),
    "POST /auth/refresh": open_to_all(422, {}),
    "POST /auth/logout": open_to_all(204),
    "POST /auth/token": open_to_all(400, {}),
    "GET /.well-known/jwks.json": open_to_all(200),
    "POST /auth/logout-all": for_the_known(204),
    "GET /auth/me": for_the_known(200),
    "PATCH /auth/me": for_the_known(200, {}),
    "GET /auth/permissions": for_the_known(200),
    "POST /auth/password/change": for_the_known(422, {}),
    "GET /auth/sessions": for_the_known(200),
    "DELETE /auth/sessions": for_the_known(204),
    "DELETE /auth/sessions/{session_id}": for_the_known(404, path=f"/auth/sessions/{UNKNOWN}"),
    "GET /auth/users": for_admins(200),
    "GET /auth/users/{user_id}": for_admins(404, path=f"/auth/users/{UNKNOWN}"),
    "PATCH /auth/users/{user_id}": for_admins(404, {}, path=f"/auth/users/{UNKNOWN}"),
    "POST /auth/users/{user_id}/disable": for_admins(404, path=f"/auth/users/{UNKNOWN}/disable"),
    "POST /auth/users/{user_id}/enable": for_admins(404, path=f"/auth/users/{UNKNOWN}/enable"),
    "POST /auth/users/{user_id}/sign-out": for_admins(404, path=f"/auth/users/{UNKNOWN}/sign-out"),
    "GET /auth/roles": for_admins(200),
    "POST /auth/users/{user_id}/roles": for_admins(422, {}, path=f"/auth/users/{UNKNOWN}/roles"),
    "DELETE /auth/users/{user_id}/roles/{role}": for_admins(404, path=f"/auth/users/{UNKNOWN}/roles/user"),
}
