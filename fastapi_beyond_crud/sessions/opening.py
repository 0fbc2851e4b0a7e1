"""Opening a session for an account whose owner has been proven."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi_beyond_crud.connections.postgres import Executor
from fastapi_beyond_crud.core.buckets import RevocationEntry
from fastapi_beyond_crud.core.identifiers import uuid7
from fastapi_beyond_crud.models.acts.accounts import AccountActs, AccountFacts
from fastapi_beyond_crud.models.acts.sessions import Opened, SessionActs
from fastapi_beyond_crud.sessions.client import Client
from fastapi_beyond_crud.sessions.lifetimes import SessionLimits
from fastapi_beyond_crud.tokens.refresh import RefreshToken, new_refresh_token


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A session that is about to be opened, and the refresh token it will have.

    Attributes:
        account: The facts that the decision was made on.
        better_hash: The same password under today's parameters, to be stored along the way.
    """

    account: AccountFacts
    client: Client
    amr: tuple[str, ...]
    token: RefreshToken
    better_hash: str | None = None

    @classmethod
    def of(cls, account: AccountFacts, client: Client, amr: Sequence[str], better_hash: str | None = None) -> "Opening":
        """With a fresh refresh token."""
        return cls(account=account, client=client, amr=tuple(amr), token=new_refresh_token(), better_hash=better_hash)


class SessionOpener:
    """Opens sessions: insert, keep to the cap, store a better hash; in one transaction."""

    def __init__(self, accounts: AccountActs, sessions: SessionActs, limits: SessionLimits) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._limits = limits

    async def open(self, on: Executor, wanted: Opening) -> tuple[Opened | None, Sequence[RevocationEntry]]:
        """Open it; None if the account has changed or was switched off since it was read."""
        account, limits = wanted.account, self._limits
        opened = await self._sessions.open(
            on,
            account.id,
            session_id=uuid7(),
            seen_version=account.auth_version,
            family_hash=wanted.token.family_hash,
            current_hash=wanted.token.secret_hash,
            idle=min(limits.idle, limits.absolute),
            absolute=limits.absolute,
            ip=wanted.client.ip,
            user_agent=wanted.client.user_agent,
            amr=wanted.amr,
        )
        if opened is None:
            return None, ()
        if wanted.better_hash is not None and account.hashed_password is not None:
            await self._accounts.rehash(on, account.id, kept=account.hashed_password, hashed=wanted.better_hash)
        ended = await self._sessions.end_oldest(
            on, account.id, cap=limits.per_user, reason="too_many_sessions", life=limits.token_life
        )
        return opened, ended
