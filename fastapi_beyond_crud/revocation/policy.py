"""What happens when the backend does not know."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from fastapi_beyond_crud.core.buckets import RevocationEntry, bucket_of
from fastapi_beyond_crud.core.errors import Unavailable
from fastapi_beyond_crud.revocation.backend import RevocationBackend
from fastapi_beyond_crud.revocation.endings import end_all
from fastapi_beyond_crud.revocation.verdicts import Live, Revoked, Stale, Unknown, Verdict
from fastapi_beyond_crud.tokens.claims import AccessClaims

REMEMBER_SECONDS = 1.0
REMEMBER_REVOKED_SECONDS = 10.0
REMEMBER_AT_MOST = 10_000

Token = tuple[str, str, int]
"""What the verdict of the database depends on: the user, the session, and the version in the token."""


@dataclass(slots=True)
class _Known:
    """What the database said about the tokens of one bucket, and what it is being asked."""

    verdicts: dict[Token, tuple[float, Live | Revoked | Stale]] = field(default_factory=dict)
    reads: dict[Token, asyncio.Task[Verdict]] = field(default_factory=dict)


class RevocationGate:
    """Turns UNKNOWN into a decision: ask the database, or say 503. Never 401 because a server is down.

    Args:
        backend: Asked first.
        fallback: Asked when the backend does not know (``AUTH_ON_REVOCATION_UNKNOWN=database``); None refuses
            (``deny``). With Redis away its answers count for a second a session, and that is how long another
            process's log-out may take to be seen. With a Redis that answers, and has lost something, they count once.
    """

    def __init__(self, backend: RevocationBackend, *, fallback: RevocationBackend | None) -> None:
        self.backend, self.fallback = backend, fallback
        self._known: dict[int, _Known] = {}
        self._count = 0

    async def verdict(self, claims: AccessClaims) -> Live | Revoked | Stale:
        """How the token stands.

        Raises:
            Unavailable: Nobody knows.
        """
        verdict = await self.backend.check(claims)
        if not isinstance(verdict, Unknown):
            return verdict
        if self.fallback is None:
            raise Unavailable(retry_after_seconds=1)
        # Where a server answers that has only lost something, each request hears what is true now: not even a read
        # that is under way is joined, since it may have begun before another process's log-out.
        if verdict.is_reachable:
            answer = await self.fallback.check(claims)
        else:
            answer = await self._ask_in_outage(self.fallback, claims)
        if isinstance(answer, Unknown):
            raise Unavailable(retry_after_seconds=1)
        return answer

    async def push(self, entries: Sequence[RevocationEntry]) -> None:
        """Make committed revocations known. A check that begins afterwards in this process sees them in any case.

        Raises:
            Unavailable: The backend could not store them. Log it and go on; the sweeper repeats it.
        """
        for entry in entries:
            # What is being read now may have been read too early: whoever comes later does not join it.
            known = self._known.pop(entry.bucket, None)
            if known is not None:
                self._count -= len(known.verdicts)
        await self.backend.push(entries)

    async def start(self) -> None:
        """Start the backends.

        Raises:
            ConfigurationError: See RevocationBackend.start of the backend in use.
        """
        await self.backend.start()
        if self.fallback is not None:
            await self.fallback.start()

    async def close(self) -> None:
        """Close the backends."""
        await end_all([read for known in self._known.values() for read in known.reads.values()])
        await self.backend.close()
        if self.fallback is not None:
            await self.fallback.close()

    async def _ask_in_outage(self, fallback: RevocationBackend, claims: AccessClaims) -> Verdict:
        """What the database says, or said within the last second: an outage must not become its load."""
        loop = asyncio.get_running_loop()
        token = (claims.subject, claims.session_id, claims.auth_version)
        bucket = bucket_of(claims.subject)
        known = self._known.get(bucket) or self._known.setdefault(bucket, _Known())
        if (earlier := known.verdicts.get(token)) is not None and loop.time() < earlier[0]:
            return earlier[1]
        # Requests of one session that come together share one read. It is a task of its own, so that a caller who
        # hangs up takes nothing from the others.
        read = known.reads.get(token)
        if read is None:
            read = known.reads[token] = loop.create_task(self._read(fallback, claims, known, token))
        return await asyncio.shield(read)

    async def _read(self, fallback: RevocationBackend, claims: AccessClaims, known: _Known, token: Token) -> Verdict:
        begun = asyncio.get_running_loop().time()
        try:
            verdict = await fallback.check(claims)
        finally:
            known.reads.pop(token, None)
        # If a push dropped `known` meanwhile, this writes into something that nobody looks at any more.
        is_current = self._known.get(bucket_of(claims.subject)) is known
        if is_current and not isinstance(verdict, Unknown):
            self._remember(known, token, verdict, begun)
        return verdict

    def _remember(self, known: _Known, token: Token, verdict: Live | Revoked | Stale, begun: float) -> None:
        if self._count >= REMEMBER_AT_MOST:
            for other in self._known.values():
                other.verdicts.clear()
            self._count = 0
        seconds = REMEMBER_REVOKED_SECONDS if isinstance(verdict, Revoked) else REMEMBER_SECONDS
        self._count += token not in known.verdicts
        known.verdicts[token] = (begun + seconds, verdict)
