"""What every revocation backend promises, as tests to inherit."""

import time
from itertools import permutations
from uuid import uuid4

from fastapi_beyond_crud.core.buckets import RevocationEntry
from fastapi_beyond_crud.revocation.backend import RevocationBackend
from fastapi_beyond_crud.revocation.verdicts import LIVE, REVOKED, UNKNOWN, Stale
from fastapi_beyond_crud.tokens.claims import AccessClaims

LIFETIME_SECONDS = 900


def claims_of(user: str, session: str, *, version: int = 1) -> AccessClaims:
    """Claims of a token that was made just now."""
    now = int(time.time())
    return AccessClaims(
        subject=user,
        session_id=session,
        token_id=str(uuid4()),
        issued_at=now,
        expires_at=now + LIFETIME_SECONDS,
        auth_time=now,
        auth_version=version,
        amr=("pwd",),
        roles=("user",),
    )


def session_entry(user: str, session: str, *, seconds: int = LIFETIME_SECONDS) -> RevocationEntry:
    """This session of this user has ended."""
    return RevocationEntry.of_session(user_id=user, session_id=session, until=int(time.time()) + seconds)


def user_entry(user: str, *, cutoff: int = 0, version: int = 0, seconds: int = LIFETIME_SECONDS) -> RevocationEntry:
    """The rights of this user have moved, and tokens older than the cut-off are dead."""
    return RevocationEntry.of_user(user_id=user, cutoff=cutoff, version=version, until=int(time.time()) + seconds)


class RevocationBackendContract:
    """Inherit, give a fixture ``backend``, and pytest with pytest-asyncio runs the promises against your backend.

    ::

        class TestMyBackend(RevocationBackendContract):
            @pytest.fixture
            async def backend(self) -> AsyncIterator[RevocationBackend]:
                backend = MyBackend(...)
                await backend.start()
                yield backend
                await backend.close()

    The backend is started, can reach its store, and knows all that there is: its verdicts are not UNKNOWN. If that
    takes a moment, override ``ready``. A backend whose entries come from elsewhere than ``push`` overrides ``push``.
    Each test uses users and sessions of its own, so that one store may serve all of them.
    """

    async def ready(self, backend: RevocationBackend, user: str) -> None:
        """Wait until the backend knows what there is to know of this user. Usually nothing to do."""

    async def push(self, backend: RevocationBackend, *entries: RevocationEntry) -> None:
        """Make revocations known."""
        await backend.push(entries)

    async def _someone(self, backend: RevocationBackend) -> tuple[str, str]:
        user, session = str(uuid4()), str(uuid4())
        await self.ready(backend, user)
        return user, session

    async def test_a_revoked_session_is_revoked(self, backend: RevocationBackend) -> None:
        """On the very next check, whatever the versions say."""
        user, session = await self._someone(backend)
        assert await backend.check(claims_of(user, session)) == LIVE
        await self.push(backend, session_entry(user, session))
        assert await backend.check(claims_of(user, session)) == REVOKED
        assert await backend.check(claims_of(user, session, version=1_000)) == REVOKED

    async def test_a_token_below_the_cutoff_is_revoked_in_every_session(self, backend: RevocationBackend) -> None:
        """A cut-off is one entry, whatever the number of sessions."""
        user, session = await self._someone(backend)
        await self.push(backend, user_entry(user, cutoff=5, version=5))
        assert await backend.check(claims_of(user, session, version=4)) == REVOKED
        assert await backend.check(claims_of(user, str(uuid4()), version=1)) == REVOKED

    async def test_a_token_at_the_cutoff_is_live(self, backend: RevocationBackend) -> None:
        """The login after a cut-off carries its version; counters decide, so the same second is no problem (RV-04)."""
        user, session = await self._someone(backend)
        await self.push(backend, user_entry(user, cutoff=5, version=5))
        assert await backend.check(claims_of(user, session, version=5)) == LIVE

    async def test_a_token_with_old_rights_is_stale_and_names_the_version(self, backend: RevocationBackend) -> None:
        """It lives on, with rights that have to be read again (RV-07)."""
        user, session = await self._someone(backend)
        await self.push(backend, user_entry(user, cutoff=2, version=7))
        assert await backend.check(claims_of(user, session, version=1)) == REVOKED
        assert await backend.check(claims_of(user, session, version=2)) == Stale(7)
        assert await backend.check(claims_of(user, session, version=6)) == Stale(7)
        assert await backend.check(claims_of(user, session, version=7)) == LIVE

    async def test_a_revoked_session_is_revoked_and_not_stale(self, backend: RevocationBackend) -> None:
        """The stronger of two entries wins."""
        user, session = await self._someone(backend)
        await self.push(backend, user_entry(user, version=7), session_entry(user, session))
        assert await backend.check(claims_of(user, session, version=1)) == REVOKED
        assert await backend.check(claims_of(user, session, version=7)) == REVOKED

    async def test_another_session_of_the_same_user_stays_live(self, backend: RevocationBackend) -> None:
        """RV-15."""
        user, session = await self._someone(backend)
        await self.push(backend, session_entry(user, session))
        assert await backend.check(claims_of(user, str(uuid4()))) == LIVE

    async def test_users_of_whom_nothing_is_known_are_live(self, backend: RevocationBackend) -> None:
        """Nothing is kept for those who were never revoked."""
        user, session = await self._someone(backend)
        other, theirs = await self._someone(backend)
        await self.push(backend, user_entry(other, cutoff=9, version=9), session_entry(other, theirs))
        assert await backend.check(claims_of(user, session)) == LIVE

    async def test_the_order_of_pushes_does_not_matter(self, backend: RevocationBackend) -> None:
        """The largest of each number counts, in whatever entry it came (RV-13)."""
        for order in permutations([(3, 4), (1, 9), (2, 2)]):
            user, session = await self._someone(backend)
            for cutoff, version in order:
                await self.push(backend, user_entry(user, cutoff=cutoff, version=version))
            assert await backend.check(claims_of(user, session, version=2)) == REVOKED, order
            assert await backend.check(claims_of(user, session, version=3)) == Stale(9), order
            assert await backend.check(claims_of(user, session, version=9)) == LIVE, order

    async def test_repeating_a_push_changes_nothing(self, backend: RevocationBackend) -> None:
        """The sweeper pushes everything that is recent, again and again."""
        user, session = await self._someone(backend)
        for _ in range(3):
            await self.push(backend, user_entry(user, cutoff=2, version=3), session_entry(user, session))
        assert await backend.check(claims_of(user, session, version=3)) == REVOKED
        assert await backend.check(claims_of(user, str(uuid4()), version=2)) == Stale(3)

    async def test_an_older_push_does_not_take_back_a_later_one(self, backend: RevocationBackend) -> None:
        """A slow process may come with what it read long ago (RV-13)."""
        user, session = await self._someone(backend)
        await self.push(backend, user_entry(user, cutoff=8, version=8))
        await self.push(backend, user_entry(user, cutoff=0, version=5, seconds=60))
        assert await backend.check(claims_of(user, session, version=7)) == REVOKED
        assert await backend.check(claims_of(user, session, version=8)) == LIVE

    async def test_numbers_are_compared_as_numbers(self, backend: RevocationBackend) -> None:
        """Ten is more than nine, which it is not as text."""
        user, session = await self._someone(backend)
        await self.push(backend, user_entry(user, cutoff=9, version=9), user_entry(user, cutoff=10, version=10))
        await self.push(backend, user_entry(user, cutoff=9, version=9))
        assert await backend.check(claims_of(user, session, version=9)) == REVOKED
        assert await backend.check(claims_of(user, session, version=10)) == LIVE

    async def test_an_entry_whose_time_is_over_may_go_and_a_later_one_stays(self, backend: RevocationBackend) -> None:
        """No token that the first one spoke of can still live."""
        user, session = await self._someone(backend)
        await self.push(backend, session_entry(user, session, seconds=-120))
        await self.push(backend, session_entry(user, session))
        await self.push(backend, session_entry(user, session, seconds=-120))
        for _ in range(3):
            assert await backend.check(claims_of(user, session)) == REVOKED

    async def test_many_entries_of_many_users_go_in_one_push(self, backend: RevocationBackend) -> None:
        """As the sweeper does it."""
        people = [(str(uuid4()), str(uuid4())) for _ in range(40)]
        for user, _ in people:
            await self.ready(backend, user)
        await self.push(backend, *(session_entry(*person) for person in people))
        assert {await backend.check(claims_of(*person)) for person in people} == {REVOKED}

    async def test_an_empty_push_is_nothing(self, backend: RevocationBackend) -> None:
        """And no error."""
        await self.push(backend)

    async def test_session_ids_may_be_any_text(self, backend: RevocationBackend) -> None:
        """Colons, spaces and other alphabets too."""
        user, session = await self._someone(backend)
        await self.push(backend, session_entry(user, f"{session}: ü €"))
        assert await backend.check(claims_of(user, f"{session}: ü €")) == REVOKED
        assert await backend.check(claims_of(user, session)) == LIVE

    async def test_a_live_token_is_never_unknown(self, backend: RevocationBackend) -> None:
        """Where all servers are there, every question has an answer."""
        user, session = await self._someone(backend)
        assert await backend.check(claims_of(user, session)) != UNKNOWN
