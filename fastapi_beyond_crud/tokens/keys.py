"""Single keys: loaded and checked once, then used to sign and to verify."""

import hashlib
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from jwt.algorithms import Algorithm, ECAlgorithm, HMACAlgorithm, OKPAlgorithm

from fastapi_beyond_crud.core.errors import ConfigurationError
from fastapi_beyond_crud.tokens.derivation import derive_key
from fastapi_beyond_crud.tokens.jwks import PublicKey, public_jwk, thumbprint

AsymmetricAlgorithm: TypeAlias = Literal["EdDSA", "ES256"]
AlgorithmName: TypeAlias = Literal["HS256", "EdDSA", "ES256"]
PrivateKey: TypeAlias = Ed25519PrivateKey | EllipticCurvePrivateKey

SECRET_MIN_BYTES = 32
"""An HMAC-SHA256 key may not be shorter than its output (RFC 7518 section 3.2)."""

_MIN_DISTINCT_BYTES = 8
_PLACEHOLDERS = (b"changeme", b"change-me", b"change_me", b"secret", b"password", b"placeholder", b"insecure")

_ALGORITHMS: dict[AlgorithmName, Algorithm] = {
    "HS256": HMACAlgorithm(HMACAlgorithm.SHA256),
    "EdDSA": OKPAlgorithm(),
    "ES256": ECAlgorithm(ECAlgorithm.SHA256, SECP256R1),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VerifyKey:
    """A key that tells genuine signatures of one algorithm. Its repr does not show the key.

    Attributes:
        kid: The name that tokens carry in their header.
        algorithm: The only value of the header `alg` that goes with this key.
    """

    kid: str
    algorithm: AlgorithmName
    material: bytes | PublicKey = field(repr=False)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether this key's owner signed the message. A signature of any length or content is an answer."""
        return _ALGORITHMS[self.algorithm].verify(message, self.material, signature)

    def jwk(self) -> dict[str, str] | None:
        """The key as a public JWK (RFC 7517), or None for a symmetric one, which has no public part."""
        if isinstance(self.material, bytes):
            return None
        return {**public_jwk(self.material), "alg": self.algorithm, "use": "sig", "kid": self.kid}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SigningKey:
    """A key that signs, with the one that verifies. Its repr does not show the key."""

    verifier: VerifyKey
    material: bytes | PrivateKey = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """The signature: raw bytes, for ES256 r and s of 32 bytes each (RFC 7518 section 3.4)."""
        return _ALGORITHMS[self.verifier.algorithm].sign(message, self.material)


def symmetric_key(secret: bytes) -> SigningKey:
    """The HS256 key that follows from a secret.

    Its name is taken from a derivation of its own, so that it tells nothing about the key.

    Raises:
        ConfigurationError: The secret is short or can be guessed. The message does not hold it.
    """
    _refuse_weak(secret)
    key = derive_key(secret, "access")
    kid = hashlib.sha256(derive_key(secret, "access kid")).hexdigest()[:16]
    return SigningKey(verifier=VerifyKey(kid=kid, algorithm="HS256", material=key), material=key)


def private_key(pem: bytes, algorithm: AsymmetricAlgorithm) -> SigningKey:
    """The key pair in a PEM (PKCS #8, or SEC 1 for P-256), without a passphrase. It is named by its thumbprint.

    Raises:
        ConfigurationError: This is no private key of the algorithm's only curve: Ed25519 or P-256.
    """
    key = _load(load_pem_private_key, pem, algorithm, password=None)
    if isinstance(key, Ed25519PrivateKey | EllipticCurvePrivateKey):
        return SigningKey(verifier=_verifier(key.public_key(), algorithm), material=key)
    raise _wrong_kind(algorithm)


def public_key(pem: bytes, algorithm: AsymmetricAlgorithm) -> VerifyKey:
    """The public key in a PEM; of a private PEM only the public part is kept.

    Raises:
        ConfigurationError: This is no key of the algorithm's only curve: Ed25519 or P-256.
    """
    if b"PRIVATE KEY-----" in pem:
        return private_key(pem, algorithm).verifier
    return _verifier(_load(load_pem_public_key, pem, algorithm), algorithm)


def _verifier(key: Any, algorithm: AsymmetricAlgorithm) -> VerifyKey:
    is_right = (
        isinstance(key, Ed25519PublicKey)
        if algorithm == "EdDSA"
        else isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
    )
    if not is_right:
        raise _wrong_kind(algorithm)
    return VerifyKey(kid=thumbprint(public_jwk(key)), algorithm=algorithm, material=key)


def _load(loader: Any, pem: bytes, algorithm: AsymmetricAlgorithm, **options: Any) -> Any:
    try:
        return loader(pem, **options)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The loader's own message may describe the key. TypeError: the PEM is encrypted.
        raise _wrong_kind(algorithm) from None


def _wrong_kind(algorithm: AsymmetricAlgorithm) -> ConfigurationError:
    curve = "Ed25519" if algorithm == "EdDSA" else "P-256"
    return ConfigurationError(f"a key for {algorithm} must be a PEM of {curve} without a passphrase")


def _refuse_weak(secret: bytes) -> None:
    if len(secret) < SECRET_MIN_BYTES:
        raise ConfigurationError(f"the secret key has {len(secret)} bytes; it needs {SECRET_MIN_BYTES} at least")
    steps = {(after - before) % 256 for before, after in pairwise(secret)}
    # A text is found inside its own doubling, before the end, only if it is a shorter block repeated.
    is_periodic = (secret + secret).find(secret, 1) < len(secret)
    is_a_phrase = any(word in secret.lower() for word in _PLACEHOLDERS)
    if is_periodic or is_a_phrase or min(len(set(secret)), len(steps)) < _MIN_DISTINCT_BYTES:
        raise ConfigurationError("the secret key can be guessed; use 32 random bytes")
