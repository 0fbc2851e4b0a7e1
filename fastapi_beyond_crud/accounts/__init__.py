"""Accounts: register, change, find, switch off."""

from fastapi_beyond_crud.accounts.schemas import CleanText, UserCreate, UserRead, UserUpdate
from fastapi_beyond_crud.accounts.service import AccountService

__all__ = ["AccountService", "CleanText", "UserCreate", "UserRead", "UserUpdate"]
