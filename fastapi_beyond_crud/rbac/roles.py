"""The map from roles to permissions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from fastapi_beyond_crud.core.errors import ConfigurationError
from fastapi_beyond_crud.rbac.names import (
    checked_pattern,
    checked_permission,
    checked_role,
    matches,
    refuse_confusables,
)

_MEMO_SIZE = 10_000


class Role:
    """What a role allows, and which roles it builds upon.

    Args:
        permissions: Permissions or patterns: ``"books:read"``, ``"books:*"``, ``"*"``.
        parents: Roles whose permissions this one has too; whoever holds this role passes as any of them.
    """

    def __init__(self, *permissions: str, parents: Iterable[str] = ()) -> None:
        self.permissions = tuple(checked_pattern(name) for name in permissions)
        self.parents = tuple(checked_role(name) for name in parents)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What a set of roles amounts to: the roles with all their parents, and the permissions."""

    roles: frozenset[str]
    permissions: frozenset[str]


class RoleMap:
    """Roles, their parents and their permissions; checked as a whole, then asked on every request.

    An answer is remembered for each set of roles, so that a decision costs the same with one role or a
    thousand.

    Args:
        roles: For each name a `Role`, or just its permissions. Names may be members of a StrEnum.
        permissions: The universe. If given, whatever is granted or required must be in it; if not, it is
            the union of what is granted and required.

    Raises:
        ConfigurationError: A misspelt name, an unknown parent, a circle of parents, a pattern that covers
            nothing of a given universe, or two names that differ in case only.
    """

    def __init__(self, roles: Mapping[str, Role | Iterable[str]], *, permissions: Iterable[str] | None = None) -> None:
        self._roles = {checked_role(name): _as_role(name, value) for name, value in roles.items()}
        refuse_confusables(self._roles, "The roles")
        self._is_strict = permissions is not None
        granted = (name for role in self._roles.values() for name in role.permissions if "*" not in name)
        self._universe = {checked_permission(name) for name in (granted if permissions is None else permissions)}
        refuse_confusables(self._universe, "The permissions")
        self._lines = self._work_out_lines()
        self._memo: dict[frozenset[str], Rights] = {}
        if self._is_strict:
            self._refuse_vain_grants()

    @property
    def names(self) -> tuple[str, ...]:
        """The roles, in the order of their declaration."""
        return tuple(self._roles)

    @property
    def universe(self) -> frozenset[str]:
        """All permissions known by now."""
        return frozenset(self._universe)

    def role(self, name: str) -> str:
        """The name, if the role exists.

        Raises:
            ConfigurationError: It does not.
        """
        if checked_role(name) not in self._roles:
            raise ConfigurationError(f"There is no role {str.__str__(name)!r}; there is {_listed(self._roles)}.")
        return str.__str__(name)

    def permission(self, name: str) -> str:
        """The name, if it may be required; an open universe learns it.

        Raises:
            ConfigurationError: It is misspelt, or not in the universe that was given.
        """
        known = checked_permission(name)
        if known in self._universe:
            return known
        if self._is_strict:
            raise ConfigurationError(f"{known!r} is not among the declared permissions: {_listed(self._universe)}.")
        refuse_confusables([*self._universe, known], "The permissions")
        self._universe.add(known)
        self._memo.clear()
        return known

    def rights(self, names: frozenset[str]) -> Rights:
        """What these roles amount to. Names that are not in the map count for nothing."""
        known = self._memo.get(names)
        if known is None:
            if len(self._memo) >= _MEMO_SIZE:
                self._memo.clear()
            known = self._memo[names] = self._resolve(names)
        return known

    def parents(self, name: str) -> tuple[str, ...]:
        """The roles that this one builds upon directly."""
        return self._roles[name].parents

    def granting(self, permission: str) -> tuple[str, ...]:
        """The roles that include a permission."""
        return tuple(name for name in self._roles if permission in self.rights(frozenset({name})).permissions)

    def _resolve(self, names: frozenset[str]) -> Rights:
        roles = frozenset(member for name in names for member in self._lines.get(name, ()))
        patterns = {pattern for name in roles for pattern in self._roles[name].permissions}
        exact = {pattern for pattern in patterns if "*" not in pattern}
        wild = patterns - exact
        covered = {name for name in self._universe if any(matches(pattern, name) for pattern in wild)}
        return Rights(roles=roles, permissions=frozenset(exact | covered))

    def _work_out_lines(self) -> dict[str, frozenset[str]]:
        """Each role with all its ancestors, from the roots down, so that a long line needs no deep recursion."""
        for name, role in self._roles.items():
            for parent in role.parents:
                if parent not in self._roles:
                    raise ConfigurationError(f"{name!r} builds upon {parent!r}, which is not a role.")
        lines: dict[str, frozenset[str]] = {}
        try:
            for name in TopologicalSorter({name: role.parents for name, role in self._roles.items()}).static_order():
                lines[name] = frozenset({name}).union(*(lines[parent] for parent in self._roles[name].parents))
        except CycleError as error:
            circle = " > ".join(reversed(error.args[1]))
            raise ConfigurationError(f"The roles build upon one another in a circle: {circle}.") from None
        return lines

    def _refuse_vain_grants(self) -> None:
        for name, role in self._roles.items():
            for pattern in role.permissions:
                if not any(matches(pattern, permission) for permission in self._universe):
                    raise ConfigurationError(
                        f"The role {name!r} grants {pattern!r}, which is not a declared permission."
                    )


def _as_role(name: str, value: Role | Iterable[str]) -> Role:
    if isinstance(value, Role):
        return value
    if isinstance(value, str):
        raise ConfigurationError(f"The permissions of {name!r} must be a list, not one text.")
    return Role(*value)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
