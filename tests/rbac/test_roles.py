"""The map from roles to permissions."""

import time
from enum import StrEnum

import pytest

from fastapi_beyond_crud import ConfigurationError, Role, RoleMap


def permissions(roles: RoleMap, *names: str) -> set[str]:
    return set(roles.rights(frozenset(names)).permissions)


def held(roles: RoleMap, *names: str) -> set[str]:
    return set(roles.rights(frozenset(names)).roles)


def test_roles_that_build_upon_one_another_in_a_circle_are_refused() -> None:
    """AZ-17: and the message shows the circle."""
    with pytest.raises(ConfigurationError, match="circle") as refused:
        RoleMap({"a": Role(parents=["b"]), "b": Role(parents=["c"]), "c": Role(parents=["a"]), "d": []})
    assert {"a", "b", "c"} <= set(str(refused.value).replace(".", " ").split())


def test_a_role_that_builds_upon_itself_is_refused() -> None:
    """AZ-17."""
    with pytest.raises(ConfigurationError, match="circle"):
        RoleMap({"a": Role("books:read", parents=["a"])})


def test_a_parent_that_is_not_a_role_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'ghost'"):
        RoleMap({"a": Role(parents=["ghost"])})


def test_the_permissions_of_a_role_must_not_be_one_text() -> None:
    """A text is a list of letters, and nobody means that."""
    with pytest.raises(ConfigurationError, match="must be a list"):
        RoleMap({"user": "books:read"})


@pytest.mark.parametrize("first", ["root", "leaf"])
def test_a_line_of_a_thousand_roles_is_worked_out_whatever_their_order(first: str) -> None:
    """AZ-17: no hang and no recursion that ends in a traceback."""
    line = [(f"r{n}", Role(f"p:{n}", parents=[f"r{n - 1}"] if n else [])) for n in range(1000)]
    began = time.process_time()
    roles = RoleMap(dict(line if first == "root" else reversed(line)))
    assert len(permissions(roles, "r999")) == len(held(roles, "r999")) == 1000
    assert permissions(roles, "r0") == {"p:0"}
    assert time.process_time() - began < 5


def test_a_wide_net_of_parents_is_worked_out_once_a_role() -> None:
    """AZ-17: each role of a layer builds upon all of the one below; the number of paths is astronomic."""
    layers = {
        f"r{layer}.{n}": [f"r{layer - 1}.{m}" for m in range(10) if layer] for layer in range(30) for n in range(10)
    }
    began = time.process_time()
    roles = RoleMap({name: Role(f"p:{name}", parents=parents) for name, parents in layers.items()})
    assert len(permissions(roles, "r29.0")) == 291
    assert time.process_time() - began < 5


def test_names_that_are_not_in_the_map_count_for_nothing() -> None:
    """A role that was taken out of the code, or was written into the database by hand."""
    roles = RoleMap({"user": ["books:read"], "admin": ["*"]})
    for name in (
        "ghost",
        "Admin",
        "admin ",
        "admin,user",
        "*",
        "",
        "admin\0",
        "\N{FULLWIDTH LATIN SMALL LETTER A}dmin",
    ):
        assert permissions(roles, name) == held(roles, name) == set()
    assert permissions(roles, "user", "ghost") == {"books:read"}


def test_without_roles_nothing_is_allowed() -> None:
    assert permissions(RoleMap({"admin": ["*"]})) == set()
    assert permissions(RoleMap({"empty": [], "admin": ["*"]}), "empty") == set()


def test_a_declared_universe_refuses_a_grant_outside_of_it() -> None:
    for vain in ("books:reed", "boooks:*", "*:reed"):
        with pytest.raises(ConfigurationError, match="not a declared permission"):
            RoleMap({"user": [vain]}, permissions=["books:read", "books:write"])


def test_a_declared_universe_refuses_a_requirement_outside_of_it() -> None:
    roles = RoleMap({"user": ["books:*"]}, permissions=["books:read", "books:write"])
    with pytest.raises(ConfigurationError, match="not among the declared permissions"):
        roles.permission("books:reed")
    assert roles.universe == {"books:read", "books:write"}


def test_an_open_universe_learns_what_is_required() -> None:
    """Also after the rights of a role were asked for and remembered."""
    roles = RoleMap({"admin": ["*"], "librarian": ["books:*"], "user": ["books:read"]})
    assert permissions(roles, "admin") == {"books:read"}
    roles.permission("books:delete")
    roles.permission("users:read")
    assert permissions(roles, "admin") == {"books:read", "books:delete", "users:read"}
    assert permissions(roles, "librarian") == {"books:read", "books:delete"}
    assert permissions(roles, "user") == {"books:read"}


def test_a_wildcard_never_grants_a_permission_that_is_a_wildcard() -> None:
    roles = RoleMap({"admin": ["*", "books:*"]})
    roles.permission("books:read")
    assert permissions(roles, "admin") == {"books:read"}


def test_a_role_has_the_permissions_of_all_its_ancestors_and_passes_as_them() -> None:
    roles = RoleMap(
        {
            "guest": ["books:read"],
            "user": Role("books:create", parents=["guest"]),
            "auditor": ["audit:read"],
            "admin": Role("books:delete", parents=["user", "auditor"]),
        }
    )
    assert permissions(roles, "admin") == {"books:read", "books:create", "books:delete", "audit:read"}
    assert held(roles, "admin") == {"guest", "user", "auditor", "admin"}
    assert held(roles, "user") == {"guest", "user"}
    assert roles.parents("admin") == ("user", "auditor")


def test_several_roles_allow_what_any_of_them_allows() -> None:
    roles = RoleMap({"a": ["a:one"], "b": ["b:one"], "c": ["c:one"]})
    assert permissions(roles, "a", "c") == {"a:one", "c:one"}


def test_the_roles_that_include_a_permission_are_found_through_parents_and_wildcards() -> None:
    roles = RoleMap(
        {"owner": ["*"], "admin": ["roles:*"], "chief": Role(parents=["admin"]), "user": ["books:read"]},
        permissions=["roles:grant", "books:read"],
    )
    assert roles.granting("roles:grant") == ("owner", "admin", "chief")
    assert roles.granting("nothing:known") == ()


def test_members_of_an_enumeration_are_names() -> None:
    class Roles(StrEnum):
        ADMIN = "admin"

    class May(StrEnum):
        READ = "books:read"

    roles = RoleMap({Roles.ADMIN: [May.READ]}, permissions=May)
    assert permissions(roles, "admin") == {"books:read"}
    assert roles.role(Roles.ADMIN) == "admin"
    assert type(roles.names[0]) is str
    assert all(type(name) is str for name in permissions(roles, "admin"))


def test_a_role_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(ConfigurationError, match="'amdin'; there is admin, user"):
        RoleMap({"user": [], "admin": []}).role("amdin")
    with pytest.raises(ConfigurationError, match="there is none"):
        RoleMap({}).role("admin")


def test_what_a_caller_sends_cannot_make_the_memory_of_answers_grow_without_end() -> None:
    roles = RoleMap({"user": ["books:read"]})
    for number in range(10_500):
        roles.rights(frozenset({"user", f"ghost{number}"}))
    assert len(roles._memo) <= 10_000
    assert permissions(roles, "user", "ghost1") == {"books:read"}
