"""Pluggable routers, one a concern: each is made from a `Surface` and may be included by itself."""

from fastapi_beyond_crud.routers.account import account_router
from fastapi_beyond_crud.routers.login import login_router
from fastapi_beyond_crud.routers.password import password_router
from fastapi_beyond_crud.routers.register import register_router
from fastapi_beyond_crud.routers.roles import roles_router
from fastapi_beyond_crud.routers.sessions import sessions_router
from fastapi_beyond_crud.routers.token import token_router
from fastapi_beyond_crud.routers.users import users_router
from fastapi_beyond_crud.routers.well_known import well_known_router

__all__ = [
    "account_router",
    "login_router",
    "password_router",
    "register_router",
    "roles_router",
    "sessions_router",
    "token_router",
    "users_router",
    "well_known_router",
]
