"""The payload of an access token: written by one function, read by the other, with nothing taken on trust."""

from dataclasses import dataclass
from typing import Any

from fastapi_beyond_crud.core.errors import TokenInvalid
from fastapi_beyond_crud.tokens.claims import AccessClaims

_TEXT_MAX_LENGTH = 255
_INTEGER_BOUND = 2**53  # Beyond it, readers that take every number for a double disagree with each other.


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadFormat:
    """What all payloads of one codec have in common.

    Attributes:
        issuer: The exact `iss`.
        audience: The exact `aud`. A list is refused, even one that holds our name: a token that is also
            meant for others may have been shown to them.
        longest_seconds: The most that `exp` may lie after `iat`.
    """

    issuer: str
    audience: str
    longest_seconds: float

    def write(self, claims: AccessClaims) -> dict[str, Any]:
        """The members of the payload."""
        return {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": claims.subject,
            "sid": claims.session_id,
            "jti": claims.token_id,
            "iat": claims.issued_at,
            "exp": claims.expires_at,
            "auth_time": claims.auth_time,
            "amr": list(claims.amr),
            "av": claims.auth_version,
            "roles": list(claims.roles),
        }

    def read(self, payload: dict[str, Any]) -> AccessClaims:
        """The claims, right in form. Whether their time has come or gone is not looked at.

        Raises:
            TokenInvalid: A claim is missing, of another type than it should be, or out of bounds.
        """
        if payload.get("iss") != self.issuer or payload.get("aud") != self.audience:
            raise TokenInvalid
        claims = AccessClaims(
            subject=_text(payload.get("sub")),
            session_id=_text(payload.get("sid")),
            token_id=_text(payload.get("jti")),
            issued_at=integer(payload.get("iat")),
            expires_at=integer(payload.get("exp")),
            auth_time=integer(payload.get("auth_time")),
            auth_version=integer(payload.get("av")),
            amr=_texts(payload.get("amr", [])),
            roles=_texts(payload.get("roles", [])),
        )
        if not 0 <= claims.expires_at - claims.issued_at <= self.longest_seconds:
            raise TokenInvalid
        return claims


def integer(value: Any) -> int:
    """The value, if it is a true integer from 0 to 2**53 - 1: no bool, no float, no digits in a string.

    Raises:
        TokenInvalid: It is not.
    """
    if type(value) is not int or not 0 <= value < _INTEGER_BOUND:
        raise TokenInvalid
    return value


def _text(value: Any) -> str:
    if type(value) is not str or not 0 < len(value) <= _TEXT_MAX_LENGTH or not value.isprintable():
        raise TokenInvalid
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if type(value) is not list:
        raise TokenInvalid
    return tuple(map(_text, value))
