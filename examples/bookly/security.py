"""The one `Auth` object: it knows the accounts, the roles and the request's session."""

from typing import Annotated

from fastapi import Depends

from examples.bookly.database import engine, get_session, settings
from examples.bookly.models import User
from examples.bookly.permissions import ROLES, Permission
from examples.bookly.users.schemas import UserCreate, UserRead, UserUpdate
from fastapi_beyond_crud import Auth

auth = Auth(
    User,
    roles=ROLES,
    permissions=Permission,
    create=UserCreate,
    read=UserRead,
    update=UserUpdate,
    engine=engine,
    connect=get_session,
    settings=settings,
)

CurrentUser = Annotated[User, Depends(auth.current_user())]
"""The caller's own row, loaded on the request's session with one statement."""
