"""The token endpoint of OAuth 2.0 (RFC 6749), for Swagger UI's Authorize and any OAuth 2 client."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import Response

from fastapi_beyond_crud.core.errors import AuthError, EmailNotVerified, NotAuthenticated, Unavailable
from fastapi_beyond_crud.routers.bodies import NoStoreResponse, TokenPairRead
from fastapi_beyond_crud.sessions.pairs import TokenPair
from fastapi_beyond_crud.web.problems import headers_of
from fastapi_beyond_crud.web.surface import BODY_LIMIT, Surface

_FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
_FIELDS_AT_MOST = 20
_SCHEMA = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"type": "string", "enum": ["password", "refresh_token"]},
        "username": {"type": "string"},
        "password": {"type": "string", "format": "password"},
        "refresh_token": {"type": "string"},
        "scope": {"type": "string", "description": "Ignored: an access token carries the account's roles."},
        "client_id": {"type": "string", "description": "Ignored, like an Authorization header: clients are public."},
        "client_secret": {"type": "string", "format": "password"},
    },
}


class OAuthError(BaseModel):
    """An error of the token endpoint (RFC 6749 section 5.2)."""

    error: str
    error_description: str | None = None


class _Refused(Exception):
    def __init__(self, error: str, description: str) -> None:
        self.error = error
        self.description = description


def token_router(surface: Surface) -> APIRouter:
    """``/token``."""
    router = APIRouter(tags=["sessions"], default_response_class=NoStoreResponse, dependencies=[Depends(BODY_LIMIT)])

    @router.post(
        "/token",
        response_model=TokenPairRead,
        responses={
            status: {"model": OAuthError, "description": text}
            for status, text in (
                (400, "`invalid_request`, `invalid_grant`, `unsupported_grant_type`"),
                (503, "Try again after `Retry-After` seconds"),
            )
        },
        openapi_extra={
            "requestBody": {"required": True, "content": {_FORM_TYPES[0]: {"schema": _SCHEMA}}},
        },
    )
    async def token(request: Request) -> Response:
        """Log in (``grant_type=password``) or refresh (``grant_type=refresh_token``) as RFC 6749 says."""
        try:
            pair = await _granted(surface, request, await _form(request))
        except _Refused as refused:
            return _error(400, refused.error, refused.description)
        except EmailNotVerified as error:
            return _error(400, "invalid_grant", error.detail)
        except NotAuthenticated as error:
            return _error(400, "invalid_grant", error.detail)
        except Unavailable as error:
            return _error(503, "temporarily_unavailable", error.detail, headers_of(error))
        return NoStoreResponse(TokenPairRead.of(pair).model_dump())

    return router


async def _granted(surface: Surface, request: Request, form: Mapping[str, str]) -> TokenPair:
    tokens = surface.services().tokens
    match form.get("grant_type"):
        case "password":
            name, password = _needed(form, "username"), _needed(form, "password")
            return await tokens.login(name, password, client=surface.client(request))
        case "refresh_token":
            return await tokens.refresh(_needed(form, "refresh_token"))
        case None | "":
            raise _Refused("invalid_request", "grant_type is missing")
    raise _Refused("unsupported_grant_type", "grant_type must be password or refresh_token")


async def _form(request: Request) -> dict[str, str]:
    """The parameters: each a text, and none twice (RFC 6749 section 3.2)."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in _FORM_TYPES:
        raise _Refused("invalid_request", f"the body must be {_FORM_TYPES[0]}")
    try:
        sent: FormData = await request.form(max_files=0, max_fields=_FIELDS_AT_MOST)
    except HTTPException as error:
        if isinstance(getattr(error, "error", None), AuthError):
            raise
        raise _Refused("invalid_request", "the body cannot be read") from None
    except (ValueError, KeyError, UnicodeError):
        raise _Refused("invalid_request", "the body cannot be read") from None
    pairs: list[tuple[str, Any]] = sent.multi_items()
    if len({name for name, _ in pairs}) != len(pairs):
        raise _Refused("invalid_request", "a parameter is repeated")
    return {name: value for name, value in pairs if isinstance(value, str)}


def _needed(form: Mapping[str, str], name: str) -> str:
    value = form.get(name)
    if not value:
        raise _Refused("invalid_request", f"{name} is missing")
    return value


def _error(status: int, error: str, description: str, headers: Mapping[str, str] | None = None) -> Response:
    return NoStoreResponse({"error": error, "error_description": description}, status, headers)
