"""Names of roles and permissions: what looks alike must never be two things."""

from enum import StrEnum

import pytest

from fastapi_beyond_crud import ConfigurationError, Role, RoleMap
from fastapi_beyond_crud.rbac.names import checked_pattern, checked_permission, checked_role, matches

FULL_WIDTH_ADMIN = "\N{FULLWIDTH LATIN SMALL LETTER A}dmin"
CYRILLIC_ADMIN = "\N{CYRILLIC SMALL LETTER A}dmin"

NOT_NAMES = [
    "",
    " ",
    "admin ",
    " admin",
    "admin\n",
    "admin\0",
    "admin\t",
    "admin,user",
    "admin user",
    '["admin"]',
    "admin/user",
    "*",
    "-admin",
    ".admin",
    "admin\N{ZERO WIDTH SPACE}",
    "admin\N{RIGHT-TO-LEFT OVERRIDE}",
    FULL_WIDTH_ADMIN,
    CYRILLIC_ADMIN,
    "adm\N{LATIN SMALL LETTER DOTLESS I}n",
    "admin\ud800",
    "role\N{ARABIC-INDIC DIGIT ONE}",
]


@pytest.mark.parametrize("name", [*NOT_NAMES, "a" * 65, "role:admin"])
def test_a_role_is_not_called_that(name: str) -> None:
    """AZ-08: names that look like another, or that a parser could read as two."""
    with pytest.raises(ConfigurationError):
        checked_role(name)
    with pytest.raises(ConfigurationError):
        RoleMap({name: ["books:read"]})
    with pytest.raises(ConfigurationError):
        Role(parents=[name])


@pytest.mark.parametrize(
    "name", [*NOT_NAMES, "books", "books:", ":read", "books::read", "books:*", "*:read", "books:read ", "books: read"]
)
def test_a_permission_is_not_called_that(name: str) -> None:
    """AZ-08."""
    with pytest.raises(ConfigurationError):
        checked_permission(name)


@pytest.mark.parametrize("name", ["", "books", "**", "books:**", "books:re*", "*books:read", "books:", ":*", " *"])
def test_a_pattern_is_not_written_like_that(name: str) -> None:
    with pytest.raises(ConfigurationError):
        checked_pattern(name)


@pytest.mark.parametrize("value", [None, 1, b"admin", ["admin"], ("admin",)])
def test_something_that_is_no_text_is_no_name(value: object) -> None:
    for check in (checked_role, checked_permission, checked_pattern):
        with pytest.raises(ConfigurationError):
            check(value)  # type: ignore[arg-type] # this is what is tested


@pytest.mark.parametrize(("one", "other"), [("admin", "Admin"), ("ADMIN", "admin"), ("a-b", "A-b")])
def test_two_roles_that_differ_in_case_only_are_refused(one: str, other: str) -> None:
    """AZ-08: on a screen, and in a database that folds case, they would be one."""
    with pytest.raises(ConfigurationError, match="differ in case only"):
        RoleMap({one: [], other: []})


def test_two_permissions_that_differ_in_case_only_are_refused() -> None:
    """AZ-08: also where the second is learnt later, by being required."""
    with pytest.raises(ConfigurationError, match="differ in case only"):
        RoleMap({"user": ["books:read", "Books:read"]})
    with pytest.raises(ConfigurationError, match="differ in case only"):
        RoleMap({"user": ["books:read"]}).permission("books:Read")


@pytest.mark.parametrize("name", ["admin", "Admin", "0", "a" * 64, "team-lead", "team.lead", "team_lead"])
def test_a_role_may_be_called_that(name: str) -> None:
    assert checked_role(name) == name


@pytest.mark.parametrize("name", ["books:read", "a:b:c", "books.v2:read_all", "Books:Read"])
def test_a_permission_may_be_called_that(name: str) -> None:
    assert checked_permission(name) == name


def test_the_name_of_a_member_of_an_enumeration_is_its_value() -> None:
    class Name(StrEnum):
        ADMIN = "admin"
        READ = "books:read"

    assert (checked_role(Name.ADMIN), type(checked_role(Name.ADMIN))) == ("admin", str)
    assert (checked_permission(Name.READ), type(checked_permission(Name.READ))) == ("books:read", str)


@pytest.mark.parametrize(
    ("pattern", "covered", "spared"),
    [
        ("*", ["books:read", "a:b:c"], []),
        ("books:*", ["books:read", "books:read:own"], ["book:read", "bookshop:read", "shop:books"]),
        ("*:read", ["books:read", "tags:read"], ["books:write", "books:read:own", "a:b:read"]),
        ("a:*:c", ["a:b:c"], ["a:b:d", "a:b:c:d", "a:c"]),
        ("*:*", ["books:read", "a:b:c"], []),
        ("books:read", ["books:read"], ["books:reader", "books:read:own", "Books:read"]),
        ("a:b:*", ["a:b:c", "a:b:c:d"], ["a:b", "a:c:b"]),
    ],
)
def test_a_pattern_covers_what_it_says_and_nothing_else(pattern: str, covered: list[str], spared: list[str]) -> None:
    assert [name for name in covered + spared if matches(pattern, name)] == covered
