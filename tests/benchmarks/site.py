"""A database, a Redis and a name: what the processes of one application of ours share."""

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from fastapi_beyond_crud import Auth, UserCreate, load_settings
from tests.benchmarks.subject import PERMISSIONS, ROLES, User, role_map
from tests.benchmarks.systems import new_credentials
from tests.support.databases import asyncpg_address, create_database

# A bulk of revocations as it stands there a while after they happened: still to be believed, and no longer news.
_REVOKE = """
INSERT INTO user_revocations (bucket, subject, cutoff, av, until, changed_at)
SELECT n % 256, 's:' || gen_random_uuid(), 0, 0, now() + interval '3 hours', now() - interval '1 day'
FROM generate_series(1, $1::int) AS n
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The settings that its processes share."""

    database_url: str
    redis_url: str
    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    issuer: str = field(default_factory=lambda: f"bench-{secrets.token_hex(4)}")

    @classmethod
    async def create(cls, server_url: str, redis_url: str) -> "Site":
        """A site with an empty database of its own."""
        return cls(database_url=await create_database(server_url), redis_url=redis_url)

    @property
    def environment(self) -> Mapping[str, str]:
        """For processes. The hash queue lets all clients of the log-in benchmark in, as the rivals do."""
        values = {name.upper(): str(value) for name, value in self._values.items()}
        urls = ("DATABASE_URL", "REDIS_URL")
        return {name if name in urls else f"AUTH_{name}": value for name, value in values.items()}

    @property
    def _values(self) -> dict[str, str | int]:
        return {
            "database_url": self.database_url,
            "redis_url": self.redis_url,
            "secret_key": self.secret_key,
            "issuer": self.issuer,
            "registration": "open",
            "require_verified": "false",
            "create_tables": "true",
            "default_roles": "reader",
            "access_lifetime": 3600,
            "hash_queue": 16,
        }

    @asynccontextmanager
    async def auth(self, **settings: str) -> AsyncIterator[Auth[User]]:
        """The library in this process, on this site."""
        auth = Auth(User, roles=role_map(), settings=load_settings(_env_file=None, **{**self._values, **settings}))
        async with auth.lifespan():
            yield auth

    async def revoke(self, count: int) -> None:
        """Write so many revocations of sessions that nobody holds a token of."""
        connection = await asyncpg.connect(asyncpg_address(self.database_url))
        try:
            await connection.execute(_REVOKE, count)
            await connection.execute("VACUUM ANALYZE user_revocations")
        finally:
            await connection.close()

    async def fetch_value(self, statement: str) -> Any:
        """The one value that a statement gives."""
        connection = await asyncpg.connect(asyncpg_address(self.database_url))
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    async def tokens_by_count(self) -> Mapping[tuple[str, int], str]:
        """Access tokens of people with 1, 100 and 1,000 permissions, and with 1, 10 and 100 roles."""
        wanted = {("permissions", count): [role] for role, count in PERMISSIONS.items()}
        wanted |= {("roles", count): ROLES[:count] for count in (1, 10, 100)}
        async with self.auth() as auth:
            return {key: await _token(auth, roles) for key, roles in wanted.items()}


async def _token(auth: Auth[User], roles: list[str]) -> str:
    account = await auth.accounts.register(UserCreate.model_validate(new_credentials()), roles=roles)
    return (await auth.tokens.issue(account.user.id)).access_token
