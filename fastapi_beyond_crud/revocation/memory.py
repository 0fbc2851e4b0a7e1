"""Revocations in the memory of one process."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from fastapi_beyond_crud.core.buckets import RevocationEntry
from fastapi_beyond_crud.revocation.verdicts import LIVE, REVOKED, UNKNOWN, Stale, Verdict
from fastapi_beyond_crud.tokens.claims import AccessClaims

LoadAll = Callable[[], Awaitable[Sequence[RevocationEntry]]]
"""Reads all unexpired entries from the source of truth; raises Unavailable if it cannot."""

SLOT_SECONDS = 60
FORGET_AT_ONCE = 1_000

SessionKey = int | str


@dataclass(slots=True)
class _Slot:
    """What may be forgotten when one minute is over."""

    minute: int
    sessions: list[SessionKey] = field(default_factory=list)
    users: list[str] = field(default_factory=list)


class MemoryRevocationBackend:
    """For one process, and for tests: no server, no round trip, no delay.

    A second process would not hear of anything: use Redis or PostgreSQL there. A session costs about 100 bytes, a
    user 200, until their time is over.

    Args:
        load_all: Reads what is already revoked, so that a restart revives nothing. Without it nothing is.
        clock: Epoch seconds, for forgetting entries whose time is over.
    """

    def __init__(self, load_all: LoadAll | None = None, *, clock: Callable[[], float] = time.time) -> None:
        self._load_all, self._clock = load_all, clock
        self._ready = load_all is None
        # Small by the million: a session id is kept as one number, and all entries of a minute share that number.
        self._sessions: dict[SessionKey, int] = {}
        self._users: dict[str, tuple[int, int, int]] = {}
        self._slots: dict[int, _Slot] = {}

    def __len__(self) -> int:
        return len(self._sessions) + len(self._users)

    @property
    def losses(self) -> int:
        """Always 0: what is lost with the process is loaded by the next one."""
        return 0

    async def start(self) -> None:
        """Load what is already revoked. Until then every verdict is UNKNOWN.

        Raises:
            Unavailable: The source of truth cannot be read.
        """
        if self._load_all is not None:
            await self.push(await self._load_all())
        self._ready = True

    async def close(self) -> None:
        """Nothing to give back."""

    async def check(self, claims: AccessClaims) -> Verdict:
        """See RevocationBackend."""
        if self._sessions and _session_key(claims.session_id) in self._sessions:
            return REVOKED
        if self._users and (found := self._users.get(claims.subject)) is not None:
            cutoff, version, _ = found
            if claims.auth_version < cutoff:
                return REVOKED
            if claims.auth_version < version and self._ready:
                return Stale(version)
        return LIVE if self._ready else UNKNOWN

    async def push(self, entries: Sequence[RevocationEntry]) -> None:
        """See RevocationBackend."""
        now = self._clock()
        for entry in entries:
            if entry.until >= now:
                self._store(entry)
        self._forget(now)

    async def prune(self) -> int:
        """Forget up to a thousand entries whose time is over; how many went."""
        return self._forget(self._clock())

    def _store(self, entry: RevocationEntry) -> None:
        minute = entry.until // SLOT_SECONDS + 1
        slot = self._slots.get(minute) or self._slots.setdefault(minute, _Slot(minute))
        if entry.subject.startswith("s:"):
            session = _session_key(entry.subject[2:])
            if self._sessions.get(session, -1) < minute:
                self._sessions[session] = slot.minute
                slot.sessions.append(session)
            return
        user = entry.subject[2:]
        cutoff, version, last = self._users.get(user, (0, 0, -1))
        self._users[user] = (max(cutoff, entry.cutoff), max(version, entry.version), max(last, slot.minute))
        if last < minute:
            slot.users.append(user)

    def _forget(self, now: float) -> int:
        """A bounded piece of work for each call, so that no request pays for an hour of them."""
        before, room = len(self), FORGET_AT_ONCE
        for minute in [minute for minute in self._slots if minute * SLOT_SECONDS <= now]:
            slot = self._slots[minute]
            while slot.sessions and room:
                session, room = slot.sessions.pop(), room - 1
                # A later entry of the same subject stands in a later slot as well.
                if self._sessions.get(session) == minute:
                    del self._sessions[session]
            while slot.users and room:
                user, room = slot.users.pop(), room - 1
                if self._users.get(user, (0, 0, -1))[2] == minute:
                    del self._users[user]
            if not slot.sessions and not slot.users:
                del self._slots[minute]
        return before - len(self)


def _session_key(text: str) -> SessionKey:
    """A UUID as a number of 48 bytes instead of a text of 96; anything else as it is."""
    if len(text) == 36 and text[8] == text[13] == text[18] == text[23] == "-":
        try:
            return int(text.replace("-", ""), 16)
        except ValueError:
            return text
    return text
