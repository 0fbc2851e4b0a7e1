"""Acts on grants of roles."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import String, and_, bindparam, delete, func, insert, not_, or_, select, update

from fastapi_beyond_crud.connections.postgres import Executor
from fastapi_beyond_crud.core.identifiers import uuid7
from fastapi_beyond_crud.models.acts.pieces import NOW
from fastapi_beyond_crud.models.companions import Companions, columns_of, lean_table_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A role that an account holds, as it is stored."""

    id: UUID
    user_id: Any
    role: str
    scope: str | None
    valid_from: datetime | None
    valid_until: datetime | None
    granted_by: str | None
    reason: str | None
    created_at: datetime


class GrantActs:
    """The statements on grants, for one account model.

    Those that change a grant count on the account's row being locked: move its version first.
    """

    def __init__(self, models: Companions) -> None:
        self._models = models
        grant, user = columns_of(models.role_grant), columns_of(models.user)
        self._columns = grant
        table = lean_table_of(models.role_grant)
        this = and_(
            grant.user_id == bindparam("p_this_user", type_=grant.user_id.type),
            grant.role == bindparam("p_this_role", type_=String),
            grant.scope.is_not_distinct_from(bindparam("p_this_scope", type_=String)),
        )
        self._insert = insert(table)
        self._replace = update(table).where(this)
        self._returned = [getattr(grant, name).label(name) for name in Grant.__slots__]
        self._delete = delete(table).where(this).returning(grant.id)
        self._count_others = (
            select(func.count())
            .select_from(table)
            .where(grant.user_id == bindparam("p_this_user", type_=grant.user_id.type), not_(this))
        )
        in_force = and_(
            or_(grant.valid_from.is_(None), grant.valid_from <= NOW),
            or_(grant.valid_until.is_(None), grant.valid_until > NOW),
        )
        self._in_force = select(grant.user_id, grant.role).where(grant.scope.is_(None), in_force).order_by(grant.role)
        # Not FOR UPDATE: that would hold up every insert that only refers to the account.
        self._holders = (
            select(grant.user_id)
            .join(lean_table_of(models.user), user.id == grant.user_id)
            .where(
                user.is_active,
                grant.scope.is_(None),
                grant.valid_until.is_(None),
                or_(grant.valid_from.is_(None), grant.valid_from <= NOW),
                grant.role.in_(bindparam("p_roles", expanding=True, type_=String)),
            )
            .order_by(user.id, grant.id)
            .with_for_update(key_share=True)
        )

    async def put(
        self,
        on: Executor,
        user_id: Any,
        role: str,
        *,
        scope: str | None = None,
        valid_from: datetime | None = None,
        valid_until: datetime | None = None,
        granted_by: str | None = None,
        reason: str | None = None,
    ) -> Grant:
        """Grant a role, or give an existing grant of it (in this scope) new bounds."""
        mine = self._columns
        values = {
            mine.valid_from: valid_from,
            mine.valid_until: valid_until,
            mine.granted_by: granted_by,
            mine.reason: reason,
        }
        key = {"p_this_user": user_id, "p_this_role": role, "p_this_scope": scope}
        row = (await on.execute(self._replace.values(values).returning(*self._returned), key)).one_or_none()
        if row is None:
            named = {mine.id: uuid7(), mine.user_id: user_id, mine.role: role, mine.scope: scope, **values}
            row = (await on.execute(self._insert.values(named).returning(*self._returned))).one()
        return Grant(**row._mapping)

    async def give(self, on: Executor, user_id: Any, roles: Sequence[str]) -> None:
        """Grant roles to an account that has just been made."""
        mine = self._columns
        if roles:
            rows = [{mine.id: uuid7(), mine.user_id: user_id, mine.role: role} for role in roles]
            await on.execute(self._insert.values(rows))

    async def take(self, on: Executor, user_id: Any, role: str, scope: str | None) -> bool:
        """Take a role away; False if the account did not hold it in this scope."""
        key = {"p_this_user": user_id, "p_this_role": role, "p_this_scope": scope}
        return bool((await on.execute(self._delete, key)).all())

    async def count_others(self, on: Executor, user_id: Any, role: str, scope: str | None) -> int:
        """How many grants the account has besides this one, in force or not."""
        key = {"p_this_user": user_id, "p_this_role": role, "p_this_scope": scope}
        return int((await on.execute(self._count_others, key)).scalar_one())

    async def roles_of(self, on: Executor, user_ids: Sequence[Any]) -> dict[Any, tuple[str, ...]]:
        """The unscoped roles in force of several accounts, in one statement."""
        if not user_ids:
            return {}
        rows = await on.execute(self._in_force.where(self._columns.user_id.in_(user_ids)))
        found: dict[Any, tuple[str, ...]] = {}
        for user_id, role in rows:
            held = found.get(user_id, ())
            found[user_id] = held if role in held else (*held, role)
        return found

    async def lock_holders(self, on: Executor, roles: Sequence[str]) -> list[Any]:
        """Lock, and list, the active accounts that hold one of the roles everywhere and without end.

        Two transactions that each take one of the last two away meet here: the second waits, and then sees
        what the first has left.
        """
        return list((await on.execute(self._holders, {"p_roles": list(roles)})).scalars())
