"""Tokens made by hand, right and wrong, without any code of the library but the keyring's names.

An `Issuer` signs whatever it is told to, as an attacker with the key or another implementation would.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from fastapi_beyond_crud.core.errors import TokenInvalid
from fastapi_beyond_crud.tokens.access import AccessTokenCodec
from fastapi_beyond_crud.tokens.claims import AccessClaims
from fastapi_beyond_crud.tokens.keyring import Keyring

NOW = 1_750_000_000
LIFETIME = timedelta(minutes=15)
LEEWAY = timedelta(seconds=10)
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Change(Enum):
    """What to do to a member besides giving it a value."""

    DROP = auto()


DROP = Change.DROP
"""As the value of a change: leave the member out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """One keyring, and the bare signing function behind it."""

    keyring: Keyring
    sign: Callable[[bytes], bytes]
    public_key: ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | None = None

    def codec(self, *, leeway: timedelta = LEEWAY, cache_size: int = 10_000) -> AccessTokenCodec:
        return AccessTokenCodec(
            self.keyring,
            issuer="https://issuer.example",
            audience="https://api.example",
            lifetime=LIFETIME,
            leeway=leeway,
            cache_size=cache_size,
        )

    def header(self, **changes: Any) -> dict[str, Any]:
        return changed({"alg": self.keyring.algorithm, "typ": "at+jwt", "kid": self.keyring.kid}, changes)

    def token(
        self,
        *,
        header: dict[str, Any] | bytes | None = None,
        payload: dict[str, Any] | bytes | None = None,
        sign: Callable[[bytes], bytes] | None = None,
    ) -> str:
        head = as_json(self.header() if header is None else header)
        body = as_json(genuine_payload() if payload is None else payload)
        signed = f"{b64(head)}.{b64(body)}"
        return f"{signed}.{b64((sign or self.sign)(signed.encode()))}"


def hs256_issuer() -> Issuer:
    secret = secrets.token_bytes(32)
    # RFC 5869 by hand: extract with an empty salt, then one block of expand.
    extracted = hmac.new(bytes(32), secret, hashlib.sha256).digest()
    key = hmac.new(extracted, b"fastapi-beyond-crud access v1\x01", hashlib.sha256).digest()
    return Issuer(
        keyring=Keyring.symmetric(secret), sign=lambda message: hmac.new(key, message, hashlib.sha256).digest()
    )


def eddsa_issuer() -> Issuer:
    key = ed25519.Ed25519PrivateKey.generate()
    return Issuer(keyring=Keyring.asymmetric(private_pem(key), "EdDSA"), sign=key.sign, public_key=key.public_key())


def es256_issuer() -> Issuer:
    key = ec.generate_private_key(ec.SECP256R1())

    def sign(message: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    return Issuer(keyring=Keyring.asymmetric(private_pem(key), "ES256"), sign=sign, public_key=key.public_key())


def genuine_claims(**changes: Any) -> AccessClaims:
    return AccessClaims(
        **{
            "subject": "0198c5f0-0000-7000-8000-000000000001",
            "session_id": "0198c5f0-0000-7000-8000-000000000002",
            "token_id": "0198c5f0-0000-7000-8000-000000000003",
            "issued_at": NOW,
            "expires_at": NOW + 900,
            "auth_time": NOW - 60,
            "auth_version": 3,
            "amr": ("pwd",),
            "roles": ("admin", "user"),
            **changes,
        }
    )


def genuine_payload(**changes: Any) -> dict[str, Any]:
    return changed(
        {
            "iss": "https://issuer.example",
            "aud": "https://api.example",
            "sub": "0198c5f0-0000-7000-8000-000000000001",
            "sid": "0198c5f0-0000-7000-8000-000000000002",
            "jti": "0198c5f0-0000-7000-8000-000000000003",
            "iat": NOW,
            "exp": NOW + 900,
            "auth_time": NOW - 60,
            "amr": ["pwd"],
            "av": 3,
            "roles": ["admin", "user"],
        },
        changes,
    )


def changed(members: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (members | changes).items() if value is not DROP}


def as_json(value: dict[str, Any] | bytes) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def private_pem(key: Any) -> bytes:
    pem: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem


def public_pem(key: Any) -> bytes:
    pem: bytes = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


def is_refused(codec: AccessTokenCodec, token: str, *, now: float = NOW) -> bool:
    """Whether both ways of reading refuse the token, as invalid and not as expired, and without a reason."""
    return all(_is_refused_by(read, token, now) for read in (codec.decode, codec.decode_expired))


def _is_refused_by(read: Callable[..., AccessClaims], token: str, now: float) -> bool:
    try:
        read(token, now=now)
    except TokenInvalid as error:
        assert type(error) is TokenInvalid
        assert (error.detail, error.extra) == (TokenInvalid.title, {})
        assert error.__cause__ is None
        assert error.__suppress_context__ or error.__context__ is None
        return True
    return False


ISSUERS = {"HS256": hs256_issuer(), "EdDSA": eddsa_issuer(), "ES256": es256_issuer()}
