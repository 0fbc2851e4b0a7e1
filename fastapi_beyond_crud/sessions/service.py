"""Token pairs: issued at log-in, renewed by refreshing, ended by log-out. Usable without HTTP."""

import hmac
import logging
import time
from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from fastapi_beyond_crud.connections.postgres import Executor, Postgres
from fastapi_beyond_crud.core.buckets import RevocationEntry
from fastapi_beyond_crud.core.errors import CredentialsInvalid, EmailNotVerified, NotFound, RefreshInvalid
from fastapi_beyond_crud.core.identifiers import canonical_email
from fastapi_beyond_crud.models.acts.accounts import AccountActs, AccountFacts
from fastapi_beyond_crud.models.acts.sessions import SessionActs, SessionFacts
from fastapi_beyond_crud.models.acts.spending import SpendAct, Spending, Spent
from fastapi_beyond_crud.passwords.hasher import PasswordHasher
from fastapi_beyond_crud.revocation.changes import Changes
from fastapi_beyond_crud.sessions.client import Client
from fastapi_beyond_crud.sessions.lifetimes import SessionLimits
from fastapi_beyond_crud.sessions.opening import Opening, SessionOpener
from fastapi_beyond_crud.sessions.pairs import PairMaker, TokenPair
from fastapi_beyond_crud.tokens.refresh import new_nonce, parse_refresh_token

log = logging.getLogger(__name__)

Verification = Literal["not_required", "told", "hidden"]
"""What an unverified address means at log-in: nothing, a 403 that says so, or the answer to a wrong password."""


class TokenPairService:
    """Opens, renews and ends sessions.

    Each method that takes ``session`` runs in a transaction of its own if it is left out. If it is given, the
    work is flushed into it and the caller commits; revocations are made known when that happens.
    """

    def __init__(
        self,
        *,
        database: Postgres,
        changes: Changes,
        accounts: AccountActs,
        sessions: SessionActs,
        spend: SpendAct,
        hasher: PasswordHasher,
        maker: PairMaker,
        limits: SessionLimits,
        verification: Verification,
    ) -> None:
        self._database = database
        self._changes = changes
        self._accounts = accounts
        self._sessions = sessions
        self._spend = spend
        self._hasher = hasher
        self._maker = maker
        self._limits = limits
        self._verification = verification
        self._opener = SessionOpener(accounts, sessions, limits)

    async def login(self, email: str, password: str, *, client: Client | None = None) -> TokenPair:
        """A pair for whoever knows the password.

        The same work is done for an unknown address, an account without a password and a disabled account.
        No transaction and no row lock is held while the password is hashed.

        Raises:
            CredentialsInvalid: Wrong address or password, disabled account, or the account changed meanwhile.
            EmailNotVerified: The password was right, and a verified address is needed.
            Unavailable: The database or the hashing queue cannot take more.
        """
        account = await self._find(email)
        verified = await self._hasher.verify(password, account.hashed_password if account else None)
        if account is None or not verified.ok or not account.is_active:
            raise CredentialsInvalid
        self._ensure_verified(account)
        better = await self._hasher.hash(password) if verified.needs_rehash else None
        return await self._open(Opening.of(account, client or Client(), ("pwd",), better))

    async def issue(
        self,
        user_id: Any,
        *,
        amr: Sequence[str] = (),
        client: Client | None = None,
        session: AsyncSession | None = None,
    ) -> TokenPair:
        """A pair for an account that the caller has authenticated by other means.

        Raises:
            NotFound: There is no such account, or it is switched off.
        """
        account = await self._account(user_id, session)
        if account is None or not account.is_active:
            raise NotFound
        return await self._open(Opening.of(account, client or Client(), amr), session)

    async def refresh(self, raw: str) -> TokenPair:
        """Spend a refresh token and get the next pair.

        Of N concurrent calls with one token all get the same successor, and exactly one of them made it. A
        lost answer is recovered by asking again inside the grace, as long as the successor is unused. Any
        older token of the session means that a copy is about: the session ends, for the thief and the owner
        alike, and so do its access tokens.

        Raises:
            RefreshInvalid: The token is not ours, spent, too old, or its session has ended.
            Unavailable: The database does not answer; nothing was spent, or asking again recovers it.
        """
        token = parse_refresh_token(raw)
        if token is None:
            raise RefreshInvalid
        nonce = new_nonce()

        async def work(on: Executor) -> tuple[Spent | None, Sequence[RevocationEntry]]:
            spent = await self._spend.spend(
                on,
                family_hash=token.family_hash,
                shown_hash=token.secret_hash,
                next_hash=token.child(nonce).secret_hash,
                nonce=nonce,
                grace=self._limits.grace,
                idle=self._limits.idle,
                token_life=self._limits.token_life,
                needs_verified=self._verification != "not_required",
            )
            ended = spent.revocation if spent else None
            return spent, () if ended is None else (ended,)

        spent = await self._changes.run_statement(work)
        if spent is None:
            raise RefreshInvalid
        if spent.outcome not in (Spending.ROTATED, Spending.REPEATED):
            log.warning("session ended: %s", spent.outcome.value, extra={"session_id": str(spent.session_id)})
            raise RefreshInvalid
        # The nonce is the winner's: for all who showed the same token it makes the same child.
        child = token.child(spent.nonce or nonce)
        if not hmac.compare_digest(child.secret_hash, spent.current_hash):
            raise RefreshInvalid
        return self._maker.pair(
            user_id=spent.user_id,
            session_id=spent.session_id,
            auth_version=spent.auth_version,
            auth_time=spent.auth_time,
            amr=spent.amr,
            grants=spent.grants,
            refresh_token=child.encode(),
            session_ends_in=spent.absolute_expires_at - spent.at,
            refresh_ends_in=spent.expires_at - spent.at,
            now=time.time(),
        )

    async def revoke(self, raw: str, *, session: AsyncSession | None = None) -> bool:
        """End the session that a refresh token belongs to; False if no live session knows it."""
        token = parse_refresh_token(raw)
        if token is None:
            return False

        async def work(on: Executor) -> tuple[bool, Sequence[RevocationEntry]]:
            ended = await self._sessions.end_family(
                on, token.family_hash, reason="logout", life=self._limits.token_life
            )
            return bool(ended), ended

        return await self._changes.run(work, session=session)

    async def list(self, user_id: Any) -> list[SessionFacts]:
        """The account's live sessions, the newest first."""
        async with self._database.statement() as on:
            return await self._sessions.live(on, user_id)

    async def end(
        self, user_id: Any, session_id: UUID, *, reason: str = "logout", session: AsyncSession | None = None
    ) -> bool:
        """End one session of the account; its access tokens die at once. False if it has no such live session."""

        async def work(on: Executor) -> tuple[bool, Sequence[RevocationEntry]]:
            ended = await self._sessions.end_one(on, user_id, session_id, reason=reason, life=self._limits.token_life)
            return bool(ended), ended

        return await self._changes.run(work, session=session)

    async def end_others(
        self, user_id: Any, session_id: UUID, *, reason: str = "ended_by_user", session: AsyncSession | None = None
    ) -> int:
        """End every session of the account but this one; how many there were."""

        async def work(on: Executor) -> tuple[int, Sequence[RevocationEntry]]:
            ended = await self._sessions.end_others(
                on, user_id, session_id, reason=reason, life=self._limits.token_life
            )
            return len(ended), ended

        return await self._changes.run(work, session=session)

    async def end_all(self, user_id: Any, *, reason: str = "logout_all", session: AsyncSession | None = None) -> bool:
        """End every session of the account by one cut-off. False if there is no such account.

        A log-in that comes after it works, in the same second too: versions decide, not clocks.
        """

        async def work(on: Executor) -> tuple[bool, Sequence[RevocationEntry]]:
            entry = await self._accounts.cut_off(on, user_id, self._limits.token_life)
            if entry is None:
                return False, ()
            await self._sessions.close_all(on, user_id, reason=reason)
            return True, (entry,)

        return await self._changes.run(work, session=session)

    async def _find(self, email: str) -> AccountFacts | None:
        try:
            address = canonical_email(email)
        except ValueError:
            return None
        async with self._database.statement() as on:
            return await self._accounts.by_email(on, address)

    async def _account(self, user_id: Any, session: AsyncSession | None) -> AccountFacts | None:
        if session is not None:
            return await self._accounts.by_id(session, user_id)
        async with self._database.statement() as on:
            return await self._accounts.by_id(on, user_id)

    def _ensure_verified(self, account: AccountFacts) -> None:
        if account.is_verified or self._verification == "not_required":
            return
        raise EmailNotVerified if self._verification == "told" else CredentialsInvalid

    async def _open(self, wanted: Opening, session: AsyncSession | None = None) -> TokenPair:
        opened = await self._changes.run(lambda on: self._opener.open(on, wanted), session=session)
        if opened is None:
            raise CredentialsInvalid
        return self._maker.pair(
            user_id=wanted.account.id,
            session_id=opened.session_id,
            auth_version=wanted.account.auth_version,
            auth_time=opened.created_at,
            amr=wanted.amr,
            grants=wanted.account.grants,
            refresh_token=wanted.token.encode(),
            session_ends_in=opened.absolute_expires_at - opened.created_at,
            refresh_ends_in=opened.expires_at - opened.created_at,
            now=time.time(),
        )
