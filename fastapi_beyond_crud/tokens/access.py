"""Access tokens: JWTs of RFC 9068, read strictly."""

import json
import math
import re
from collections import OrderedDict
from datetime import timedelta

from fastapi_beyond_crud.core.errors import ConfigurationError, TokenExpired, TokenInvalid
from fastapi_beyond_crud.tokens.base64url import decode_segment, encode_segment
from fastapi_beyond_crud.tokens.claims import AccessClaims
from fastapi_beyond_crud.tokens.keyring import Keyring
from fastapi_beyond_crud.tokens.keys import VerifyKey
from fastapi_beyond_crud.tokens.payload import PayloadFormat, integer
from fastapi_beyond_crud.tokens.strict_json import parse_object

TOKEN_MAX_LENGTH = 8_192
"""Characters. Longer texts are refused before anything else is done with them."""

LIFETIME_MAX = timedelta(hours=1)
LEEWAY_MAX = timedelta(seconds=60)

_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_TYPE = "at+jwt"
_TYPES = (_TYPE, f"application/{_TYPE}")

_encode_json = json.JSONEncoder(separators=(",", ":")).encode


class AccessTokenCodec:
    """Makes access tokens and tells genuine ones, without I/O.

    The time is passed in as seconds since the epoch, a float: on the path that every request takes,
    arithmetic with datetimes would cost more than the rest.

    Verified tokens are remembered by their exact text, so that a token costs its signature check once and a
    look-up afterwards. A failure is never remembered. Whether a token is *revoked* is not known here.

    Args:
        keyring: The keys in force.
        issuer: The exact `iss`.
        audience: The exact `aud`.
        lifetime: The longest that a token may live, up to an hour.
        leeway: How far clocks may differ, up to a minute.
        cache_size: Tokens remembered at most; the oldest goes first. About 1.5 KB each. 0 turns it off.

    Raises:
        ConfigurationError: A limit is out of bounds, or a name is empty.
    """

    def __init__(
        self,
        keyring: Keyring,
        *,
        issuer: str,
        audience: str,
        lifetime: timedelta,
        leeway: timedelta,
        cache_size: int = 10_000,
    ) -> None:
        _check_limits(issuer=issuer, audience=audience, lifetime=lifetime, leeway=leeway, cache_size=cache_size)
        self._keyring = keyring
        self._leeway = leeway.total_seconds()
        longest = math.ceil(lifetime.total_seconds()) + self._leeway
        self._format = PayloadFormat(issuer=issuer, audience=audience, longest_seconds=longest)
        # A header that this codec itself would write needs no parsing; all others are read with care.
        self._own_headers = {_header(key): key for key in keyring.keys}
        self._own_header = _header(keyring.keys[0])
        self._cache_size = cache_size
        self._verified: OrderedDict[str, AccessClaims] = OrderedDict()

    def encode(self, claims: AccessClaims) -> str:
        """The token that says this.

        Raises:
            ValueError: `decode` would refuse the token: a claim is out of bounds, it would live too long, or
                there are so many roles that it passes 8 KiB.
        """
        payload = self._format.write(claims)
        try:
            self._format.read(payload)
        except TokenInvalid:
            raise ValueError("these claims cannot stand in an access token") from None
        signed = f"{self._own_header}.{encode_segment(_encode_json(payload).encode())}"
        token = f"{signed}.{encode_segment(self._keyring.sign(signed.encode()))}"
        if len(token) > TOKEN_MAX_LENGTH:
            raise ValueError(f"an access token with {len(claims.roles)} roles would be too long")
        return token

    def decode(self, token: str, *, now: float) -> AccessClaims:
        """What a genuine, valid token says.

        Args:
            token: As it came; any text.
            now: Seconds since the epoch.

        Raises:
            TokenExpired: Everything about the token is right but its time.
            TokenInvalid: Anything else. The reason is not told.
        """
        # The length first: to look a text up, all of it is hashed.
        if len(token) <= TOKEN_MAX_LENGTH:
            known = self._verified.get(token)
            if known is not None and now < known.expires_at + self._leeway:
                return known
        claims = self.decode_expired(token, now=now)
        if now >= claims.expires_at + self._leeway:
            raise TokenExpired
        self._remember(token, claims)
        return claims

    def decode_expired(self, token: str, *, now: float) -> AccessClaims:
        """What a genuine token says, even if it has expired: enough to name the session to log out of.

        Raises:
            TokenInvalid: The token is wrong in any other way.
        """
        # The cheapest checks come first, and nothing of the payload is read before the signature is right.
        if len(token) > TOKEN_MAX_LENGTH or not (segments := _COMPACT.fullmatch(token)):
            raise TokenInvalid
        header, payload, signature = segments.groups()
        try:
            key = self._own_headers.get(header) or self._key_named_by(header)
            if not key.verify(f"{header}.{payload}".encode(), decode_segment(signature)):
                raise TokenInvalid
            members = parse_object(decode_segment(payload))
        except ValueError:
            raise TokenInvalid from None
        claims = self._format.read(members)
        latest = now + self._leeway
        if claims.issued_at > latest or integer(members.get("nbf", 0)) > latest:
            raise TokenInvalid
        return claims

    def _key_named_by(self, header: str) -> VerifyKey:
        """The key that the header names, if all else in it is as it must be. No other member is looked at."""
        members = parse_object(decode_segment(header))
        kid = members.get("kid")
        key = self._keyring.find(kid) if isinstance(kid, str) else None
        if key is None or members.get("alg") != key.algorithm or members.get("typ") not in _TYPES:
            raise TokenInvalid
        # We understand no extension, so none may be critical (RFC 7515 section 4.1.11).
        if "crit" in members:
            raise TokenInvalid
        return key

    def _remember(self, token: str, claims: AccessClaims) -> None:
        self._verified[token] = claims
        if len(self._verified) > self._cache_size:
            self._verified.popitem(last=False)


def _header(key: VerifyKey) -> str:
    return encode_segment(_encode_json({"alg": key.algorithm, "typ": _TYPE, "kid": key.kid}).encode())


def _check_limits(*, issuer: str, audience: str, lifetime: timedelta, leeway: timedelta, cache_size: int) -> None:
    if not issuer or not audience:
        raise ConfigurationError("access tokens need an issuer and an audience")
    if not timedelta(0) < lifetime <= LIFETIME_MAX:
        raise ConfigurationError("access tokens live longer than 0 seconds and up to an hour")
    if not timedelta(0) <= leeway <= LEEWAY_MAX:
        raise ConfigurationError("the leeway of access tokens lies between 0 and 60 seconds")
    if cache_size < 0:
        raise ConfigurationError("the cache of access tokens cannot have a negative size")
