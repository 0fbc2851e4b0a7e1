"""What can go wrong, in the words of the domain.

An error has a parent, a `code` that is never reworded, and a `title` for people. HTTP statuses are not
here: only `web/problems.py` knows them. Secrets never enter an error.
"""

from typing import Any, ClassVar

from fastapi_beyond_crud.core.identifiers import uuid7


class AuthError(Exception):
    """The parent of every error that this library raises on purpose.

    Args:
        detail: One sentence for the caller. It reaches the client: no secret, no internals.
        extra: More members for the problem response, for example ``errors``.
    """

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "The request cannot be carried out"

    def __init__(self, detail: str | None = None, **extra: Any) -> None:
        self.detail = detail or self.title
        self.extra = extra
        super().__init__(self.detail)


class NotAuthenticated(AuthError):
    """No usable credential came with the request."""

    code = "not_authenticated"
    title = "Authentication is required"


class TokenInvalid(NotAuthenticated):
    """A credential came, and it cannot be believed. The reason stays inside."""

    code = "token_invalid"
    title = "The access token is not valid"


class TokenExpired(TokenInvalid):
    """A genuine access token whose time is over: refresh and try again."""

    code = "token_expired"
    title = "The access token has expired"


class CredentialsInvalid(NotAuthenticated):
    """Unknown address, wrong password, disabled account: one and the same answer."""

    code = "credentials_invalid"
    title = "The e-mail address or the password is wrong"


class RefreshInvalid(NotAuthenticated):
    """The refresh token is unknown, spent, expired, or its session has ended."""

    code = "refresh_invalid"
    title = "The refresh token is not valid"


class Forbidden(AuthError):
    """We know the caller, and the answer is no."""

    code = "permission_denied"
    title = "You may not do this"


class PermissionDenied(Forbidden):
    """The caller lacks what the operation requires.

    The problem carries a ``decision_id`` and no reason; the log has the same id and says what was missing.
    """

    def __init__(self, detail: str | None = None, **extra: Any) -> None:
        super().__init__(detail, **{"decision_id": str(uuid7()), **extra})


class EmailNotVerified(Forbidden):
    """The password was right, the address is not verified yet."""

    code = "email_not_verified"
    title = "The e-mail address is not verified yet"


class NotFound(AuthError):
    """There is no such thing, or the caller may not know of it."""

    code = "not_found"
    title = "There is no such resource"


class Conflict(AuthError):
    """The request clashes with what is stored."""

    code = "conflict"
    title = "The request conflicts with the present state"


class EmailTaken(Conflict):
    """An account with this address exists. Only open registration says so."""

    code = "email_taken"
    title = "An account with this e-mail address exists"


class LastAdmin(Conflict):
    """Without this account nobody could grant roles any more."""

    code = "last_admin"
    title = "The last administrator cannot be removed"


class ValidationFailed(AuthError):
    """The input has the wrong form. ``errors`` lists ``loc``, ``type`` and ``msg``, never the input."""

    code = "validation_failed"
    title = "The request is not valid"

    @classmethod
    def of(cls, *loc: str | int, type: str, msg: str) -> "ValidationFailed":
        """One refused field, in the shape of a validation error."""
        return cls(errors=[{"loc": list(loc), "type": type, "msg": msg}])


class PayloadTooLarge(AuthError):
    """The body is longer than the operation takes. It was not read to its end."""

    code = "payload_too_large"
    title = "The request body is too large"


class Unavailable(AuthError):
    """A server that is needed does not answer. Nothing was decided; try again.

    Args:
        retry_after_seconds: A whole number, at least 1; it becomes the Retry-After header.
    """

    code = "unavailable"
    title = "The service is not available at the moment"

    def __init__(self, detail: str | None = None, *, retry_after_seconds: int = 1, **extra: Any) -> None:
        super().__init__(detail, **extra)
        self.retry_after_seconds = max(1, retry_after_seconds)


class ConfigurationError(RuntimeError):
    """The application is put together wrongly. Raised at start, never because of a request."""
