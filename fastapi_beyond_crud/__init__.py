"""Accounts, token pairs, instant revocation, roles and rules for FastAPI, on PostgreSQL and Redis."""

from fastapi_beyond_crud._version import __version__
from fastapi_beyond_crud.accounts import AccountService, CleanText, UserCreate, UserRead, UserUpdate
from fastapi_beyond_crud.auth import Auth
from fastapi_beyond_crud.core.errors import (
    AuthError,
    ConfigurationError,
    Conflict,
    CredentialsInvalid,
    EmailNotVerified,
    EmailTaken,
    Forbidden,
    LastAdmin,
    NotAuthenticated,
    NotFound,
    PayloadTooLarge,
    PermissionDenied,
    RefreshInvalid,
    TokenExpired,
    TokenInvalid,
    Unavailable,
    ValidationFailed,
)
from fastapi_beyond_crud.core.principal import Principal
from fastapi_beyond_crud.models import (
    AccountMixin,
    Companions,
    RevocationMixin,
    RoleGrantMixin,
    SessionMixin,
    UserMixin,
    companions,
)
from fastapi_beyond_crud.rbac import Requirement, Role, RoleMap, all_of, any_of
from fastapi_beyond_crud.rbac.grants import GrantService
from fastapi_beyond_crud.revocation.backend import RevocationBackend
from fastapi_beyond_crud.revocation.memory import MemoryRevocationBackend
from fastapi_beyond_crud.revocation.postgres import PostgresRevocationBackend
from fastapi_beyond_crud.revocation.redis import RedisRevocationBackend
from fastapi_beyond_crud.sessions import Client, TokenPair, TokenPairService
from fastapi_beyond_crud.settings import AuthSettings, SettingsError, load_settings
from fastapi_beyond_crud.web.documentation import documents
from fastapi_beyond_crud.web.guards import BodyLimit, Guard

__all__ = [
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
