"""The libraries as the benchmarks meet them: over HTTP."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.benchmarks.requests import post_form, post_json

OURS = "fastapi-beyond-crud"
Credentials = Mapping[str, str]
"""``email`` and ``password``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A library and its doors.

    Attributes:
        package: Its name where packages are had.
        note: How it is set up, in the words of the table.
        application: ``module:app``.
        guarded: The guarded routes: what stands there, and the path.
        register: The request that makes an account; None if the library has none.
        login: The request that gives ``access_token``, and ``refresh_token`` if there is one.
        refresh: The request that spends a refresh token.
    """

    package: str
    note: str
    application: str
    guarded: Mapping[str, str]
    register: Callable[[Credentials], bytes] | None = None
    login: Callable[[Credentials], bytes]
    refresh: Callable[[str], bytes] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Package and note, as the table has them."""
        return f"{self.package}, {self.note}" if self.note else self.package


def ours(revocation: str, **guarded: str) -> Contender:
    """The library with one of its revocation backends."""
    return Contender(
        package=OURS,
        note=revocation,
        application="tests.benchmarks.subject_app:app",
        guarded=guarded,
        register=lambda person: post_json("/auth/register", person),
        login=lambda person: post_json("/auth/login", person),
        refresh=lambda token: post_json("/auth/refresh", {"refresh_token": token}),
        environment={"AUTH_REVOCATION": revocation},
    )


FASTAPI_USERS = Contender(
    package="fastapi-users",
    note="JWT",
    application="tests.benchmarks.rivals.users:app",
    guarded={"current_user": "/user"},
    register=lambda person: post_json("/auth/register", person),
    login=lambda person: post_form(
        "/auth/jwt/login", {"username": person["email"], "password": person["password"], "grant_type": "password"}
    ),
)

FULLAUTH = Contender(
    package="fastapi-fullauth",
    note="blacklist in Redis",
    application="tests.benchmarks.rivals.fullauth:app",
    guarded={"claims only": "/claims", "current_user": "/user"},
    register=lambda person: post_json("/api/v1/auth/register", person),
    login=lambda person: post_json("/api/v1/auth/login", person),
    refresh=lambda token: post_json("/api/v1/auth/refresh", {"refresh_token": token}),
)

AUTHX = Contender(
    package="authx",
    note="blocklist in Redis",
    application="tests.benchmarks.rivals.authx_redis:app",
    guarded={"access_token_required": "/required"},
    login=lambda person: post_json("/login", person),
)

RIVALS = (FASTAPI_USERS, FULLAUTH, AUTHX)
