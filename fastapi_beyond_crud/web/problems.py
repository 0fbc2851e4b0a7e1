"""Errors as problem responses (RFC 9457). The one place that knows which HTTP status an error has."""

import http
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

import asyncpg
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from fastapi_beyond_crud.connections.postgres import translate
from fastapi_beyond_crud.core.errors import (
    AuthError,
    Conflict,
    Forbidden,
    NotAuthenticated,
    NotFound,
    PayloadTooLarge,
    TokenInvalid,
    Unavailable,
    ValidationFailed,
)

log = logging.getLogger(__name__)

DOCUMENTATION = "https://fastapi-beyond-crud.github.io/fastapi-beyond-crud/problems/"
MEDIA_TYPE = "application/problem+json"

STATUSES: Mapping[type[AuthError], int] = {
    NotAuthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    PayloadTooLarge: 413,
    ValidationFailed: 422,
    Unavailable: 503,
}
"""An error has the status of the nearest of its parents that is named here."""

# What Starlette and FastAPI raise themselves, and applications by HTTPException.
_CODES = {
    400: "validation_failed",
    401: "not_authenticated",
    403: "permission_denied",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "payload_too_large",
    415: "unsupported_media_type",
    422: "validation_failed",
    429: "rate_limited",
    503: "unavailable",
}
# FastAPI's answer to a body that is not even text, or nested too deeply: the same kind of mistake as any other.
_UNREADABLE = "There was an error parsing the body"
_MOST_ERRORS = 50
_LONGEST_NAME = 64
RequestId = Callable[[], str | None]


class Refusal(HTTPException):
    """A domain error that any FastAPI application can answer, with ours or with its own handlers.

    Out of ``receive`` FastAPI lets nothing else through.
    """

    def __init__(self, error: AuthError) -> None:
        super().__init__(status_of(type(error)), error.detail, headers_of(error))
        self.error = error


class ProblemResponse(Response):
    """A problem as JSON. Never cached: it may depend on who asked."""

    media_type = MEDIA_TYPE

    def __init__(self, content: Mapping[str, Any], status: int, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(content, status, {"Cache-Control": "no-store", **(headers or {})})

    def render(self, content: Any) -> bytes:
        """ASCII only, so that a lone surrogate in the name of a field cannot break the answer."""
        return json.dumps(content, ensure_ascii=True, separators=(",", ":"), default=str).encode("ascii")


def status_of(error: type[AuthError]) -> int:
    """The HTTP status of a kind of error."""
    return next((STATUSES[kind] for kind in error.__mro__ if kind in STATUSES), 500)


def headers_of(error: AuthError) -> dict[str, str]:
    """The headers that belong to an error: WWW-Authenticate (RFC 6750 section 3), Retry-After."""
    match error:
        case TokenInvalid():
            return {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        case NotAuthenticated():
            return {"WWW-Authenticate": "Bearer"}
        case Unavailable():
            return {"Retry-After": str(error.retry_after_seconds)}
    return {}


def install_problems(app: FastAPI, *, documentation: str = DOCUMENTATION, request_id: RequestId | None = None) -> None:
    """Answer every error of the application as a problem; FastAPI's own 404, 405 and 422 too.

    Args:
        app: The application.
        documentation: The page with an anchor for each code.
        request_id: Gives the id of the present request, for the member ``request_id``.
    """
    problems = _Problems(documentation, request_id or (lambda: None))
    app.add_exception_handler(AuthError, problems.of_domain)
    app.add_exception_handler(HTTPException, problems.of_http)
    app.add_exception_handler(RequestValidationError, problems.of_validation)
    for kind in (DBAPIError, PoolTimeout, asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError):
        app.add_exception_handler(kind, problems.of_database)
    app.add_exception_handler(Exception, problems.of_mistake)


class _Problems:
    def __init__(self, documentation: str, request_id: RequestId) -> None:
        self._documentation = documentation
        self._request_id = request_id

    async def of_domain(self, _request: Request, error: Exception) -> Response:
        """An error that the library raised on purpose."""
        assert isinstance(error, AuthError)  # noqa: S101 - registered for it
        return self._answer(error, headers_of(error))

    async def of_http(self, _request: Request, error: Exception) -> Response:
        """An HTTPException of the framework or of the application. Its detail is kept as it is."""
        if isinstance(error, Refusal):
            return self._answer(error.error, error.headers)
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
        if error.status_code == 400 and error.detail == _UNREADABLE:
            return self._answer(ValidationFailed.of("body", type="body_unreadable", msg="the body cannot be read"))
        phrase = _phrase(error.status_code)
        if error.status_code < 400 or error.status_code in (204, 304):
            return Response(status_code=error.status_code, headers=error.headers)
        return self._problem(
            error.status_code, _CODES.get(error.status_code), phrase, error.detail or phrase, error.headers
        )

    async def of_validation(self, _request: Request, error: Exception) -> Response:
        """Input of the wrong form. The input itself is never repeated: it may hold a password."""
        assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
        errors = [
            {"loc": [_short(part) for part in one["loc"]], "type": one["type"], "msg": one["msg"]}
            for one in error.errors()[:_MOST_ERRORS]
        ]
        return self._answer(ValidationFailed(errors=errors))

    async def of_database(self, _request: Request, error: Exception) -> Response:
        """A failure of the database in the application's own code. Nothing of it reaches the client."""
        known = translate(error)
        if known is None:
            raise error
        log.warning("database: %s", type(error).__name__)
        return self._answer(known, headers_of(known))

    async def of_mistake(self, _request: Request, _error: Exception) -> Response:
        """A mistake in the code. The server logs it; the client learns nothing of it."""
        return self._problem(500, None, _phrase(500), "The server made a mistake.")

    def _answer(self, error: AuthError, headers: Mapping[str, str] | None = None) -> Response:
        status = status_of(type(error))
        return self._problem(status, error.code, error.title, error.detail, headers, error.extra)

    def _problem(
        self,
        status: int,
        code: str | None,
        title: str,
        detail: Any,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Response:
        content: dict[str, Any] = {
            "type": f"{self._documentation}#{code}" if code else "about:blank",
            "title": title,
            "status": status,
            "detail": detail,
        }
        if code:
            content["code"] = code
        if request_id := self._request_id():
            content["request_id"] = request_id
        return ProblemResponse(content | dict(extra or {}), status, headers)


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def _short(part: str | int) -> str | int:
    return part if isinstance(part, int) else part[:_LONGEST_NAME]
