"""Fresh keys for each way of signing."""

from dataclasses import dataclass, field
from enum import Enum

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from fastapi_beyond_crud.settings import new_secret


class Algorithm(Enum):
    """How access tokens are signed; the values are those of AUTH_ALGORITHM."""

    HS256 = "HS256"
    EdDSA = "EdDSA"
    ES256 = "ES256"


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshSecret:
    """A key and the variable it belongs in."""

    variable: str
    text: str = field(repr=False)


def fresh_secret(algorithm: Algorithm) -> FreshSecret:
    """A key that was never used: 32 random bytes in base64url, or a private key as PKCS 8 in PEM."""
    match algorithm:
        case Algorithm.HS256:
            return FreshSecret(variable="AUTH_SECRET_KEY", text=new_secret())
        case Algorithm.EdDSA:
            return FreshSecret(variable="AUTH_SIGNING_KEY", text=_pem(Ed25519PrivateKey.generate()))
        case Algorithm.ES256:
            return FreshSecret(variable="AUTH_SIGNING_KEY", text=_pem(generate_private_key(SECP256R1())))


def _pem(key: Ed25519PrivateKey | EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
