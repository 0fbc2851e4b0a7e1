"""Signed-in devices: log in, refresh, log out, list. The only maker of token pairs."""

from fastapi_beyond_crud.sessions.client import Client
from fastapi_beyond_crud.sessions.pairs import TokenPair
from fastapi_beyond_crud.sessions.service import TokenPairService

__all__ = ["Client", "TokenPair", "TokenPairService"]
