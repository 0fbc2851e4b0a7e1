"""Everything that lives from the start of the application to its end, put together once."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from fastapi_beyond_crud.accounts.service import AccountService
from fastapi_beyond_crud.connections.postgres import Postgres, create_engine
from fastapi_beyond_crud.connections.redis import RedisLink
from fastapi_beyond_crud.core.buckets import RevocationEntry
from fastapi_beyond_crud.core.errors import ConfigurationError, Unavailable
from fastapi_beyond_crud.models.acts.accounts import AccountActs, Standing
from fastapi_beyond_crud.models.acts.grants import GrantActs
from fastapi_beyond_crud.models.acts.pieces import token_life
from fastapi_beyond_crud.models.acts.revocations import RevocationActs
from fastapi_beyond_crud.models.acts.sessions import SessionActs
from fastapi_beyond_crud.models.acts.spending import SpendAct
from fastapi_beyond_crud.models.companions import Companions, key_reader
from fastapi_beyond_crud.passwords.hasher import PasswordHasher
from fastapi_beyond_crud.passwords.policy import PasswordPolicy
from fastapi_beyond_crud.passwords.pool import HashPool
from fastapi_beyond_crud.rbac.admins import GRANT_ROLES, LastAdminRule
from fastapi_beyond_crud.rbac.grants import GrantService
from fastapi_beyond_crud.rbac.roles import RoleMap
from fastapi_beyond_crud.rbac.standings import Standings
from fastapi_beyond_crud.revocation.backend import RevocationBackend
from fastapi_beyond_crud.revocation.changes import Changes
from fastapi_beyond_crud.revocation.memory import MemoryRevocationBackend
from fastapi_beyond_crud.revocation.policy import RevocationGate
from fastapi_beyond_crud.revocation.postgres import PostgresRevocationBackend
from fastapi_beyond_crud.revocation.redis import RedisRevocationBackend
from fastapi_beyond_crud.revocation.sweeper import Sweeper
from fastapi_beyond_crud.revocation.verdicts import LIVE, REVOKED, Stale, Verdict
from fastapi_beyond_crud.sessions.authentication import Authenticator
from fastapi_beyond_crud.sessions.lifetimes import SessionLimits
from fastapi_beyond_crud.sessions.pairs import PairMaker
from fastapi_beyond_crud.sessions.service import TokenPairService, Verification
from fastapi_beyond_crud.settings import AuthSettings
from fastapi_beyond_crud.tokens.access import AccessTokenCodec
from fastapi_beyond_crud.tokens.claims import AccessClaims
from fastapi_beyond_crud.tokens.keyring import Keyring
from fastapi_beyond_crud.web.surface import Services

log = logging.getLogger(__name__)

PUBLISH_SECONDS = 1.0
"""An answer waits no longer than this for the revocation backend; the sweeper repeats what was missed."""

KEPT = timedelta(days=30)
"""Sessions that ended are kept this long, so that a replay of an old token can still be told from garbage."""

_CREATE_TABLES_LOCK = 0x6662_6372_7564
"""Two processes that start at once must not make the same tables twice. Taken at start only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Acts:
    accounts: AccountActs
    sessions: SessionActs
    spend: SpendAct
    grants: GrantActs
    revocations: RevocationActs

    @classmethod
    def of(cls, models: Companions) -> "_Acts":
        return cls(
            accounts=AccountActs(models),
            sessions=SessionActs(models),
            spend=SpendAct(models),
            grants=GrantActs(models),
            revocations=RevocationActs(models),
        )


class Runtime:
    """The running parts for one account model.

    Args:
        engine: The application's engine; it stays open at the end. None makes one from ``DATABASE_URL``.
        revocation: A backend of your own instead of the one that the settings name.
    """

    def __init__(
        self,
        models: Companions,
        roles: RoleMap,
        settings: AuthSettings,
        *,
        engine: AsyncEngine | None = None,
        revocation: RevocationBackend | None = None,
    ) -> None:
        self._models = models
        self._settings = settings
        self._acts = _Acts.of(models)
        self._read_key = key_reader(models.user)
        self._owns_engine = engine is None
        self.database = Postgres(engine or create_engine(_database_url(settings)))
        self._life = token_life(settings.access_lifetime, settings.leeway)
        self._pool = HashPool(workers=settings.hash_workers, queue=settings.hash_queue)
        self.gate = self._make_gate(revocation)
        self._sweeper = Sweeper(self._changed_within, self._end_inactive, self.gate.backend, first=self._life)
        self.services = self._make_services(roles)

    async def start(self) -> None:
        """Connect, make sure that the tables are there, begin the background work.

        Raises:
            ConfigurationError: Tables are missing, or Redis refuses the password.
            Unavailable: PostgreSQL does not answer.
        """
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.close)
            await self._ensure_tables()
            await self.gate.start()
            await self._sweeper.start()
            stack.pop_all()

    async def close(self) -> None:
        """End the background work and give back all connections."""
        await self._sweeper.close()
        await self.gate.close()
        self._pool.close()
        if self._owns_engine:
            await self.database.close()

    async def publish(self, entries: Sequence[RevocationEntry]) -> None:
        """Make committed revocations known; a failure is logged, and the sweeper repeats it."""
        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                await self.gate.push(entries)
        except (Unavailable, TimeoutError):
            log.warning("%d revocations will reach the revocation backend later", len(entries))

    def _make_services(self, roles: RoleMap) -> Services:
        settings, acts = self._settings, self._acts
        keyring = _keyring(settings)
        codec = AccessTokenCodec(
            keyring,
            issuer=settings.issuer,
            audience=settings.audience,
            lifetime=settings.access_lifetime,
            leeway=settings.leeway,
        )
        changes = Changes(self.database, self.publish)
        hasher = PasswordHasher(self._pool)
        known = frozenset(roles.names)
        last_admin = LastAdminRule(acts.grants, lambda: roles.granting(GRANT_ROLES))
        limits = SessionLimits(
            idle=settings.refresh_idle_lifetime,
            absolute=settings.refresh_lifetime,
            grace=settings.refresh_grace,
            token_life=self._life,
            per_user=settings.sessions_per_user,
        )
        return Services(
            settings=settings,
            keyring=keyring,
            tokens=TokenPairService(
                database=self.database,
                changes=changes,
                accounts=acts.accounts,
                sessions=acts.sessions,
                spend=acts.spend,
                hasher=hasher,
                maker=PairMaker(codec, settings.access_lifetime, known.intersection),
                limits=limits,
                verification=_verification(settings),
            ),
            accounts=AccountService(
                models=self._models,
                database=self.database,
                changes=changes,
                accounts=acts.accounts,
                sessions=acts.sessions,
                grants=acts.grants,
                hasher=hasher,
                policy=PasswordPolicy(min_length=settings.password_min_length),
                last_admin=last_admin,
                token_life=self._life,
                default_roles=[roles.role(name) for name in settings.default_roles],
            ),
            grants=GrantService(
                roles=roles,
                changes=changes,
                accounts=acts.accounts,
                grants=acts.grants,
                last_admin=last_admin,
                token_life=self._life,
            ),
            authenticator=Authenticator(
                codec=codec,
                gate=self.gate,
                standings=Standings(self._standing),
                roles=roles,
                read_key=self._read_key,
                anonymous_role=None if settings.anonymous_role is None else roles.role(settings.anonymous_role),
            ),
        )

    def _make_gate(self, own: RevocationBackend | None) -> RevocationGate:
        from_database = PostgresRevocationBackend(self._verdict)
        backend = own or self._make_backend(from_database)
        needs_fallback = self._settings.on_revocation_unknown == "database" and backend is not from_database
        return RevocationGate(backend, fallback=from_database if needs_fallback else None)

    def _make_backend(self, from_database: PostgresRevocationBackend) -> RevocationBackend:
        match self._settings.revocation:
            case "postgres":
                return from_database
            case "memory":
                return MemoryRevocationBackend(self._all_entries)
        if self._settings.redis_url is None:
            raise ConfigurationError("AUTH_REVOCATION=redis needs REDIS_URL.")
        link = RedisLink.from_url(self._settings.redis_url.get_secret_value())
        return RedisRevocationBackend(link, self._entries_of, prefix=self._settings.redis_prefix)

    async def _ensure_tables(self) -> None:
        if self._settings.create_tables:
            async with self.database.transaction() as connection:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CREATE_TABLES_LOCK})
                await connection.run_sync(self._models.tables[0].metadata.create_all)
            return
        async with self.database.statement() as connection:
            missing = await self._missing(connection)
        if missing:
            raise ConfigurationError(
                f"The database lacks {', '.join(missing)}. Run your migrations (alembic upgrade head), or set "
                "AUTH_CREATE_TABLES=true for development."
            )

    async def _missing(self, connection: AsyncConnection) -> list[str]:
        tables = self._models.tables
        there = await connection.run_sync(
            lambda sync: [inspect(sync).has_table(table.name, schema=table.schema) for table in tables]
        )
        return [table.fullname for table, found in zip(tables, there, strict=True) if not found]

    async def _verdict(self, claims: AccessClaims) -> Verdict:
        """What the source of truth says about a token."""
        try:
            user_id, session_id = self._read_key(claims.subject), UUID(claims.session_id)
        except ValueError:
            return REVOKED
        async with self.database.statement() as on:
            standing = await self._acts.accounts.standing(on, user_id, session_id)
        if standing is None or not (standing.is_active and standing.session_lives):
            return REVOKED
        if claims.auth_version < standing.cutoff_version:
            return REVOKED
        return Stale(standing.auth_version) if claims.auth_version < standing.auth_version else LIVE

    async def _standing(self, user_id: Any) -> Standing | None:
        async with self.database.statement() as on:
            return await self._acts.accounts.standing(on, user_id)

    async def _all_entries(self) -> Sequence[RevocationEntry]:
        async with self.database.statement() as on:
            return await self._acts.revocations.all(on)

    async def _entries_of(self, bucket: int) -> Sequence[RevocationEntry]:
        async with self.database.statement() as on:
            return await self._acts.revocations.of_bucket(on, bucket)

    async def _changed_within(self, window: timedelta) -> Sequence[RevocationEntry]:
        async with self.database.statement() as on:
            return await self._acts.revocations.changed_within(on, window)

    async def _end_inactive(self) -> Sequence[RevocationEntry]:
        """Every half minute: what was switched off by hand ends, and what nobody can ask about any more goes."""
        async with self.database.statement() as on:
            await self._acts.revocations.purge(on)
            await self._acts.sessions.purge(on, KEPT)
        return await self.services.accounts.end_inactive()


def _database_url(settings: AuthSettings) -> str:
    if settings.database_url is None:
        raise ConfigurationError(
            "Set DATABASE_URL (or DB_HOST, DB_NAME, ...), or pass an engine: Auth(User, engine=...)."
        )
    return settings.database_url.get_secret_value()


def _keyring(settings: AuthSettings) -> Keyring:
    if settings.algorithm == "HS256":
        return Keyring.symmetric(settings.secret_key_bytes, settings.previous_secret_keys_bytes)
    if settings.signing_key is None:
        raise ConfigurationError(f"AUTH_ALGORITHM={settings.algorithm} needs AUTH_SIGNING_KEY.")
    previous = [key.encode() for key in settings.previous_verify_keys]
    return Keyring.asymmetric(settings.signing_key.get_secret_value().encode(), settings.algorithm, previous)


def _verification(settings: AuthSettings) -> Verification:
    if not settings.require_verified:
        return "not_required"
    return "hidden" if settings.registration == "safe" else "told"
