"""What an operation requires of its caller."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from fastapi_beyond_crud.core.errors import ConfigurationError
from fastapi_beyond_crud.core.principal import Principal
from fastapi_beyond_crud.rbac.roles import RoleMap


@runtime_checkable
class Requirement(Protocol):
    """A condition on the caller. Equal requirements are equal values."""

    def allows(self, caller: Principal) -> bool:
        """Whether the caller meets it."""
        ...

    def names(self) -> Iterator[str]:
        """The permissions and roles (as ``role:name``) that it speaks of, for the documentation."""
        ...

    def checked(self, roles: RoleMap) -> "Requirement":
        """The same, with every name known to the map.

        Raises:
            ConfigurationError: A name is misspelt or unknown.
        """
        ...


@runtime_checkable
class HasRequirement(Protocol):
    """Something that stands for a requirement, such as a guard."""

    @property
    def requirement(self) -> Requirement:
        """The requirement."""
        ...


Need = str | Requirement | HasRequirement
"""A permission by its name, a requirement, or a guard made from one."""


@dataclass(frozen=True, slots=True)
class HasPermission:
    """The caller holds a permission."""

    permission: str

    def allows(self, caller: Principal) -> bool:
        """Whether the roles in force include it."""
        return self.permission in caller.permissions

    def names(self) -> Iterator[str]:
        """The permission."""
        yield self.permission

    def checked(self, roles: RoleMap) -> "HasPermission":
        """The same, known to the map."""
        return HasPermission(roles.permission(self.permission))


@dataclass(frozen=True, slots=True)
class HasRole:
    """The caller holds a role, or one that builds upon it."""

    role: str

    def allows(self, caller: Principal) -> bool:
        """Whether it is in force."""
        return self.role in caller.roles

    def names(self) -> Iterator[str]:
        """The role."""
        yield f"role:{self.role}"

    def checked(self, roles: RoleMap) -> "HasRole":
        """The same, known to the map."""
        return HasRole(roles.role(self.role))


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of several is enough."""

    parts: tuple[Requirement, ...]

    def allows(self, caller: Principal) -> bool:
        """Whether one of the parts allows it."""
        return any(part.allows(caller) for part in self.parts)

    def names(self) -> Iterator[str]:
        """The names of all parts."""
        for part in self.parts:
            yield from part.names()

    def checked(self, roles: RoleMap) -> "AnyOf":
        """The same, known to the map."""
        return AnyOf(tuple(part.checked(roles) for part in self.parts))


@dataclass(frozen=True, slots=True)
class AllOf:
    """All are needed."""

    parts: tuple[Requirement, ...]

    def allows(self, caller: Principal) -> bool:
        """Whether every part allows it."""
        return all(part.allows(caller) for part in self.parts)

    def names(self) -> Iterator[str]:
        """The names of all parts."""
        for part in self.parts:
            yield from part.names()

    def checked(self, roles: RoleMap) -> "AllOf":
        """The same, known to the map."""
        return AllOf(tuple(part.checked(roles) for part in self.parts))


def any_of(*needs: Need) -> Requirement:
    """One of these is enough: permissions, roles (``auth.require_role("admin")``) or further requirements.

    Raises:
        ConfigurationError: There is none: an empty requirement is a mistake, not "everybody".
    """
    parts = _parts("any_of", needs)
    return parts[0] if len(parts) == 1 else AnyOf(parts)


def all_of(*needs: Need) -> Requirement:
    """All of these are needed.

    Raises:
        ConfigurationError: There is none: an empty requirement is a mistake, not "everybody".
    """
    parts = _parts("all_of", needs)
    return parts[0] if len(parts) == 1 else AllOf(parts)


def _parts(name: str, needs: tuple[Need, ...]) -> tuple[Requirement, ...]:
    if not needs:
        raise ConfigurationError(f"{name}() needs at least one requirement.")
    return tuple(_as_requirement(need) for need in needs)


def _as_requirement(need: Need) -> Requirement:
    if isinstance(need, str):
        return HasPermission(need)
    if isinstance(need, HasRequirement):
        return need.requirement
    if isinstance(need, Requirement):
        return need
    raise ConfigurationError(f"{need!r} is not a permission, a requirement or a guard.")
