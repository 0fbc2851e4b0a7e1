"""The use cases of an account, each with its transaction."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Select, inspect, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from fastapi_beyond_crud.accounts.schemas import UserCreate
from fastapi_beyond_crud.connections.postgres import Executor, Postgres, sqlstate_of, translated
from fastapi_beyond_crud.core.buckets import RevocationEntry
from fastapi_beyond_crud.core.errors import Conflict, CredentialsInvalid, EmailTaken, NotFound
from fastapi_beyond_crud.core.identifiers import canonical_email
from fastapi_beyond_crud.models.acts.accounts import AccountActs
from fastapi_beyond_crud.models.acts.grants import GrantActs
from fastapi_beyond_crud.models.acts.sessions import SessionActs
from fastapi_beyond_crud.models.companions import Companions
from fastapi_beyond_crud.passwords.hasher import PasswordHasher
from fastapi_beyond_crud.passwords.policy import PasswordPolicy
from fastapi_beyond_crud.rbac.admins import LastAdminRule
from fastapi_beyond_crud.revocation.changes import Changes

T = TypeVar("T")

_UNIQUE_VIOLATION = "23505"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account and the roles in force.

    Attributes:
        user: The object of your model; detached, with all plain columns loaded.
    """

    user: Any
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of a list, and the key after which the next part begins; None at the end."""

    items: tuple[Account, ...]
    next_after: str | None


class AccountService:
    """Registers, changes, finds and switches off accounts.

    Each method that takes ``session`` runs in a transaction of its own if it is left out; if it is given,
    the work is flushed into it and the caller commits.
    """

    def __init__(
        self,
        *,
        models: Companions,
        database: Postgres,
        changes: Changes,
        accounts: AccountActs,
        sessions: SessionActs,
        grants: GrantActs,
        hasher: PasswordHasher,
        policy: PasswordPolicy,
        last_admin: LastAdminRule,
        token_life: timedelta,
        default_roles: Sequence[str],
    ) -> None:
        self._models = models
        self._database = database
        self._changes = changes
        self._accounts = accounts
        self._sessions = sessions
        self._grants = grants
        self._hasher = hasher
        self._policy = policy
        self._last_admin = last_admin
        self._life = token_life
        self._default_roles = tuple(default_roles)

    async def register(
        self,
        wanted: UserCreate,
        *,
        is_verified: bool = False,
        roles: Sequence[str] | None = None,
        session: AsyncSession | None = None,
    ) -> Account:
        """A new account. Of two sign-ups with one address the unique index lets exactly one through.

        Args:
            wanted: Address, password and the fields of your own model.
            is_verified: True for accounts that an operator makes.
            roles: Granted by the system, instead of the default roles.

        Raises:
            ValidationFailed: The password is against the policy.
            EmailTaken: The address has an account.
            Conflict: Another unique value of your model is taken.
        """
        password = self._policy.check(wanted.password.get_secret_value())
        hashed = await self._hasher.hash(password)
        values = _given(wanted, without=("email", "password"))
        user = self._models.user(
            email=wanted.email,
            hashed_password=hashed,
            is_active=True,
            is_verified=is_verified,
            auth_version=1,
            cutoff_version=0,
            **values,
        )
        names = self._default_roles if roles is None else tuple(roles)

        async def work(inside: AsyncSession) -> Account:
            try:
                async with inside.begin_nested():
                    inside.add(user)
            except IntegrityError as error:
                await self._explain(inside, error, wanted.email)
            await _load_what_the_database_made(inside, user)
            await self._grants.give(inside, user.id, names)
            return Account(user=user, roles=names)

        return await self._in_session(work, session)

    async def update(self, user_id: Any, values: Mapping[str, Any], *, session: AsyncSession | None = None) -> Account:
        """Change fields of your own model.

        Raises:
            NotFound: There is no such account.
            Conflict: A unique value is taken.
        """

        async def work(inside: AsyncSession) -> Account:
            user = await inside.get(self._models.user, user_id)
            if user is None:
                raise NotFound
            for name, value in values.items():
                setattr(user, name, value)
            await inside.flush()
            await _load_what_the_database_made(inside, user)
            return Account(user=user, roles=await self._roles(inside, user_id))

        return await self._in_session(work, session)

    async def find(self, user_id: Any) -> Account:
        """The account with this key.

        Raises:
            NotFound: There is none.
        """
        async with self._database.reading() as on:
            user = await on.get(self._models.user, user_id)
            if user is None:
                raise NotFound
            return Account(user=user, roles=await self._roles(on, user_id))

    async def find_by_email(self, email: str) -> Account:
        """The account with this address, in whatever spelling of it.

        Raises:
            NotFound: There is none.
        """
        try:
            address = canonical_email(email)
        except ValueError:
            raise NotFound from None
        async with self._database.statement() as on:
            facts = await self._accounts.by_email(on, address)
        if facts is None:
            raise NotFound
        return await self.find(facts.id)

    async def list(self, *, limit: int, after: Any = None, email: str | None = None) -> Page:
        """Accounts in the order of their keys.

        Args:
            limit: At most this many.
            after: The key that the page before ended with.
            email: Only the account with this address; an address that cannot be one finds nothing.
        """
        model = self._models.user
        key = model.id
        query: Select[Any] = select(model).order_by(key).limit(limit + 1)
        if after is not None:
            query = query.where(key > after)
        if email is not None:
            try:
                query = query.where(model.email == canonical_email(email))
            except ValueError:
                return Page(items=(), next_after=None)

        async def work(inside: AsyncSession) -> Page:
            users = list((await inside.scalars(query)).all())
            roles = await self._grants.roles_of(inside, [user.id for user in users[:limit]])
            items = tuple(Account(user=user, roles=roles.get(user.id, ())) for user in users[:limit])
            return Page(items=items, next_after=str(items[-1].user.id) if len(users) > limit else None)

        return await self._in_session(work, None)

    async def change_password(
        self, user_id: Any, session_id: UUID | None, *, current: str, new: str, session: AsyncSession | None = None
    ) -> None:
        """Replace the password and end all *other* sessions. A log-in with the old one that is under way fails.

        Raises:
            CredentialsInvalid: ``current`` is wrong, or the password was changed by somebody else meanwhile.
            ValidationFailed: ``new`` is against the policy.
        """
        checked = self._policy.check(new, loc=("body", "new_password"))
        async with self._database.statement() as on:
            account = await self._accounts.by_id(on, user_id)
        stored = account.hashed_password if account else None
        verified = await self._hasher.verify(current, stored)
        if stored is None or not verified.ok:
            raise CredentialsInvalid
        hashed = await self._hasher.hash(checked)

        async def work(on: Executor) -> tuple[bool, Sequence[RevocationEntry]]:
            version = await self._accounts.set_password(on, user_id, kept=stored, hashed=hashed)
            if version is None:
                return False, ()
            kept = session_id or UUID(int=0)
            ended = await self._sessions.end_others(on, user_id, kept, reason="password_changed", life=self._life)
            return True, ended

        if not await self._changes.run(work, session=session):
            raise CredentialsInvalid

    async def disable(self, user_id: Any, *, session: AsyncSession | None = None) -> None:
        """Switch the account off: its sessions end and its access tokens die at once.

        Raises:
            NotFound: There is no such account.
            LastAdmin: Nobody else could grant roles.
        """

        async def work(on: Executor) -> tuple[None, Sequence[RevocationEntry]]:
            await self._last_admin.ensure_another(on, user_id)
            entry = await self._accounts.disable(on, user_id, self._life)
            if entry is None:
                raise NotFound
            await self._sessions.close_all(on, user_id, reason="user_disabled")
            return None, (entry,)

        await self._changes.run(work, session=session)

    async def enable(self, user_id: Any, *, session: AsyncSession | None = None) -> None:
        """Switch the account on again; nothing happens if it was on. Old tokens stay dead.

        Raises:
            NotFound: There is no such account.
        """

        async def work(on: Executor) -> tuple[None, Sequence[RevocationEntry]]:
            entry = await self._accounts.enable(on, user_id, self._life)
            if entry is None and await self._accounts.by_id(on, user_id) is None:
                raise NotFound
            return None, () if entry is None else (entry,)

        await self._changes.run(work, session=session)

    async def end_inactive(self) -> Sequence[RevocationEntry]:
        """Cut off accounts that were switched off by hand in SQL and still have live sessions."""

        async def work(on: Executor) -> tuple[Sequence[RevocationEntry], Sequence[RevocationEntry]]:
            entries = []
            for user_id in await self._accounts.inactive_with_sessions(on):
                entry = await self._accounts.cut_off(on, user_id, self._life)
                await self._sessions.close_all(on, user_id, reason="user_disabled")
                entries += [] if entry is None else [entry]
            return entries, ()

        return await self._changes.run(work)

    async def _roles(self, inside: Executor, user_id: Any) -> tuple[str, ...]:
        return (await self._grants.roles_of(inside, [user_id])).get(user_id, ())

    async def _in_session(self, work: Callable[[AsyncSession], Awaitable[T]], session: AsyncSession | None) -> T:
        if session is not None:
            with translated():
                return await work(session)

        async with self._database.session() as own:
            return await work(own)

    async def _explain(self, inside: AsyncSession, error: IntegrityError, email: str) -> None:
        if sqlstate_of(error) != _UNIQUE_VIOLATION:
            raise error
        taken = await self._accounts.by_email(inside, email)
        raise (EmailTaken if taken else Conflict) from None


async def _load_what_the_database_made(inside: AsyncSession, user: Any) -> None:
    """Read columns such as ``onupdate=func.now()``: nobody can load them from an object that has been detached."""
    if late := inspect(user).expired_attributes:
        await inside.refresh(user, late)


def _given(body: BaseModel, *, without: Sequence[str] = ()) -> dict[str, Any]:
    return {name: getattr(body, name) for name in body.model_fields_set if name not in without}
