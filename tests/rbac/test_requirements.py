"""The algebra of requirements."""

from collections.abc import Iterable, Iterator
from itertools import combinations, product
from typing import Any

import pytest

from fastapi_beyond_crud import ConfigurationError, Principal, Requirement, Role, RoleMap, all_of, any_of
from fastapi_beyond_crud.rbac.requirements import HasPermission, HasRole

NAMES = ("a", "b", "c")
SUBSETS = [frozenset(chosen) for size in range(4) for chosen in combinations(NAMES, size)]


def caller(roles: Iterable[str] = (), permissions: Iterable[str] = ()) -> Principal:
    return Principal(id=1, roles=frozenset(roles), permissions=frozenset(permissions))


@pytest.mark.parametrize("combine", [any_of, all_of])
def test_an_empty_requirement_is_an_error_and_not_everybody(combine: Any) -> None:
    """AZ-09."""
    with pytest.raises(ConfigurationError, match="at least one"):
        combine()


@pytest.mark.parametrize("combine", [any_of, all_of])
@pytest.mark.parametrize("need", [None, 1, b"books:read", [], ["books:read"], {"books:read"}, object()])
def test_what_is_no_requirement_is_refused(combine: Any, need: Any) -> None:
    """AZ-09: a list where names belong would else be a requirement that means something else."""
    with pytest.raises(ConfigurationError):
        combine(need).checked(RoleMap({}))


@pytest.mark.parametrize("need", ["", " ", "*", "books:*", "books", "role:", "books:read "])
def test_a_misspelt_permission_is_refused_before_any_request(need: str) -> None:
    with pytest.raises(ConfigurationError):
        all_of(need).checked(RoleMap({}))


def test_an_unknown_name_is_refused_however_deep_it_stands() -> None:
    roles = RoleMap({"a": ["books:read"]}, permissions=["books:read"])
    nested = any_of(all_of("books:read", any_of("books:read", HasRole("ghost"))))
    with pytest.raises(ConfigurationError, match="'ghost'"):
        nested.checked(roles)
    with pytest.raises(ConfigurationError, match="'books:reed'"):
        any_of("books:read", all_of("books:read", "books:reed")).checked(roles)


@pytest.mark.parametrize(("needed", "have"), list(product([s for s in SUBSETS if s], SUBSETS)))
def test_any_and_all_mean_what_they_say_for_roles(needed: frozenset[str], have: frozenset[str]) -> None:
    """AZ-10: every combination of three roles."""
    parts = [HasRole(name) for name in sorted(needed)]
    assert any_of(*parts).allows(caller(roles=have)) is bool(needed & have)
    assert all_of(*parts).allows(caller(roles=have)) is (needed <= have)


@pytest.mark.parametrize(("needed", "have"), list(product([s for s in SUBSETS if s], SUBSETS)))
def test_any_and_all_mean_what_they_say_for_permissions(needed: frozenset[str], have: frozenset[str]) -> None:
    """AZ-10: every combination of three permissions."""
    names = [f"books:{name}" for name in sorted(needed)]
    who = caller(permissions=[f"books:{name}" for name in have])
    assert any_of(*names).allows(who) is bool(needed & have)
    assert all_of(*names).allows(who) is (needed <= have)


@pytest.mark.parametrize("have", SUBSETS)
def test_nested_requirements_mean_what_they_say(have: frozenset[str]) -> None:
    """AZ-10."""
    a, b, c = (HasRole(name) for name in NAMES)
    who = caller(roles=have)
    assert any_of(all_of(a, b), c).allows(who) is (({"a", "b"} <= have) or "c" in have)
    assert all_of(any_of(a, b), c).allows(who) is (bool({"a", "b"} & have) and "c" in have)


def test_a_permission_named_like_a_role_is_not_that_role() -> None:
    assert not HasRole("admin").allows(caller(permissions=["role:admin", "admin"]))
    assert not HasPermission("role:admin").allows(caller(roles=["role:admin", "admin"]))


def test_whoever_holds_a_role_passes_as_its_parents_and_not_the_other_way_round() -> None:
    """AZ-10."""
    roles = RoleMap({"user": ["books:read"], "admin": Role(parents=["user"])})
    needs_user, needs_admin = HasRole("user").checked(roles), HasRole("admin").checked(roles)
    user, admin = (caller(roles=roles.rights(frozenset({name})).roles) for name in ("user", "admin"))
    assert needs_user.allows(admin)
    assert not needs_admin.allows(user)


def test_the_names_of_a_requirement_are_those_of_all_its_parts() -> None:
    needs = any_of(all_of("books:read", HasRole("a")), "tags:read")
    assert list(needs.names()) == ["books:read", "role:a", "tags:read"]


def test_equal_requirements_are_equal_values() -> None:
    """Guards are remembered by them."""
    assert any_of("books:read", "tags:read") == any_of("books:read", "tags:read")
    assert hash(all_of("books:read", HasRole("a"))) == hash(all_of("books:read", HasRole("a")))
    assert any_of("books:read", "tags:read") != all_of("books:read", "tags:read")
    assert any_of("books:read") == all_of("books:read") == HasPermission("books:read")
    assert len({HasRole("books:read"), HasPermission("books:read")}) == 2


def test_a_requirement_of_ones_own_takes_part() -> None:
    class Never:
        def allows(self, caller: Principal) -> bool:
            return False

        def names(self) -> Iterator[str]:
            return iter(("never",))

        def checked(self, roles: RoleMap) -> "Never":
            return self

    own = Never()
    assert isinstance(own, Requirement)
    assert not all_of("books:read", own).allows(caller(permissions=["books:read"]))
    assert any_of("books:read", own).allows(caller(permissions=["books:read"]))
