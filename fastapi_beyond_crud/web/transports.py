"""Where a credential stands in a request."""

from starlette.requests import HTTPConnection

from fastapi_beyond_crud.core.errors import TokenInvalid

_SCHEME = b"bearer "


def bearer_token(connection: HTTPConnection) -> str | None:
    """The access token of the Authorization header, or None if the header is missing.

    The scheme is case-insensitive (RFC 9110 section 11.1), then come exactly one space and one token (RFC 6750
    section 2.1); what the token consists of is checked where it is decoded. Tokens in the query string or in
    a form are never looked at. Two headers, two tokens in one header, or another scheme are refused: a proxy
    in front might have picked the other one.

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
    token = found[len(_SCHEME) :]
    if found[: len(_SCHEME)].lower() != _SCHEME or not token or b" " in token or b"," in token or b"\t" in token:
        raise TokenInvalid
    # Latin-1 takes every byte, and the codec refuses all but its own alphabet.
    return token.decode("latin-1")
