"""Where a credential stands in a request."""

import re

from starlette.requests import HTTPConnection

from fastapi_beyond_crud.core.errors import TokenInvalid

# Exactly one space, exactly one token68 (RFC 6750 section 2.1). The scheme is case-insensitive (RFC 9110).
_BEARER = re.compile(rb"bearer ([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)


def bearer_token(connection: HTTPConnection) -> str | None:
    """The access token of the Authorization header, or None if the header is missing.

    Tokens in the query string or in a form are never looked at. Two headers, two tokens in one header, or
    another scheme are refused: a proxy in front might have picked the other one.

    Raises:
        TokenInvalid: A credential came that cannot be read in exactly one way.
    """
    found: bytes | None = None
    for name, value in connection.scope["headers"]:
        if name == b"authorization":
            if found is not None:
                raise TokenInvalid
            found = value
    if found is None:
        return None
    match = _BEARER.fullmatch(found)
    if match is None:
        raise TokenInvalid
    return match[1].decode("ascii")
