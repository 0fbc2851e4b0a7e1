"""SQLAlchemy mixins, the companions of an account model, and the acts on them."""

from fastapi_beyond_crud.models.account import AccountMixin, UserMixin
from fastapi_beyond_crud.models.companions import Companions, companions
from fastapi_beyond_crud.models.revocation import RevocationMixin
from fastapi_beyond_crud.models.role_grant import RoleGrantMixin
from fastapi_beyond_crud.models.session import SessionMixin

__all__ = [
    "AccountMixin",
    "Companions",
    "RevocationMixin",
    "RoleGrantMixin",
    "SessionMixin",
    "UserMixin",
    "companions",
]
