"""Public keys in the form that others read: JWK and its thumbprint."""

import hashlib
import json
from collections.abc import Mapping
from typing import TypeAlias

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from fastapi_beyond_crud.tokens.base64url import encode_segment

PublicKey: TypeAlias = Ed25519PublicKey | EllipticCurvePublicKey

_P256_BYTES = 32


def public_jwk(key: PublicKey) -> dict[str, str]:
    """The required members of a public key of Ed25519 (RFC 8037 section 2) or P-256 (RFC 7518 section 6.2)."""
    if isinstance(key, Ed25519PublicKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": encode_segment(key.public_bytes_raw())}
    point = key.public_numbers()
    x, y = (encode_segment(number.to_bytes(_P256_BYTES, "big")) for number in (point.x, point.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def thumbprint(required_members: Mapping[str, str]) -> str:
    """The SHA-256 thumbprint of a JWK (RFC 7638), 43 characters of base64url.

    Args:
        required_members: Those that RFC 7638 section 3.2 counts for the key's type, and no others.
    """
    canonical = json.dumps(dict(required_members), sort_keys=True, separators=(",", ":"))
    return encode_segment(hashlib.sha256(canonical.encode()).digest())
