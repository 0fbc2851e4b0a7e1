"""What the package promises to keep. Whoever adds, renames or removes a name changes this list too."""

import inspect
import pkgutil
from importlib import import_module

import pytest

import fastapi_beyond_crud

PUBLIC = [
    "AccountMixin",
    "AccountService",
    "Auth",
    "AuthError",
    "AuthSettings",
    "BodyLimit",
    "CleanText",
    "Client",
    "Companions",
    "ConfigurationError",
    "Conflict",
    "CredentialsInvalid",
    "EmailNotVerified",
    "EmailTaken",
    "Forbidden",
    "GrantService",
    "Guard",
    "LastAdmin",
    "MemoryRevocationBackend",
    "NotAuthenticated",
    "NotFound",
    "PayloadTooLarge",
    "PermissionDenied",
    "PostgresRevocationBackend",
    "Principal",
    "RedisRevocationBackend",
    "RefreshInvalid",
    "Requirement",
    "RevocationBackend",
    "RevocationMixin",
    "Role",
    "RoleGrantMixin",
    "RoleMap",
    "SessionMixin",
    "SettingsError",
    "TokenExpired",
    "TokenInvalid",
    "TokenPair",
    "TokenPairService",
    "Unavailable",
    "UserCreate",
    "UserMixin",
    "UserRead",
    "UserUpdate",
    "ValidationFailed",
    "__version__",
    "all_of",
    "any_of",
    "companions",
    "documents",
    "load_settings",
]


def test_the_public_names_are_these() -> None:
    assert fastapi_beyond_crud.__all__ == PUBLIC


def test_every_public_name_exists() -> None:
    for name in PUBLIC:
        assert getattr(fastapi_beyond_crud, name) is not None


@pytest.mark.parametrize("name", [name for name in PUBLIC if name[0] != "_"])
def test_every_public_name_is_explained(name: str) -> None:
    thing = getattr(fastapi_beyond_crud, name)
    if not (inspect.isclass(thing) or inspect.isfunction(thing)):
        return
    text = inspect.getdoc(thing)
    assert text, name
    assert text.splitlines()[0].endswith((".", ":")), "the first line says what one gets"
    if inspect.isclass(thing) and not issubclass(thing, BaseException):
        for attribute, value in vars(thing).items():
            if inspect.isfunction(value) and not attribute.startswith("_"):
                assert inspect.getdoc(value), f"{name}.{attribute}"


def test_a_star_import_brings_no_more() -> None:
    namespace: dict[str, object] = {}
    exec("from fastapi_beyond_crud import *", namespace)  # noqa: S102 - this is what is tested
    assert set(namespace) - {"__builtins__"} == set(PUBLIC)


def test_every_module_can_be_imported_by_itself() -> None:
    for module in pkgutil.walk_packages(fastapi_beyond_crud.__path__, "fastapi_beyond_crud."):
        if not module.name.endswith("__main__"):
            import_module(module.name)


def test_type_checkers_may_trust_the_annotations() -> None:
    package = import_module("importlib.resources").files("fastapi_beyond_crud")
    assert package.joinpath("py.typed").is_file()
