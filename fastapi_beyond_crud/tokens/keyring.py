"""The keys in force: one signs, several may verify."""

from collections.abc import Sequence
from typing import Any, Self, get_args

from fastapi_beyond_crud.core.errors import ConfigurationError
from fastapi_beyond_crud.tokens.keys import (
    AlgorithmName,
    AsymmetricAlgorithm,
    SigningKey,
    VerifyKey,
    private_key,
    public_key,
    symmetric_key,
)


class Keyring:
    """One signing key and the earlier keys whose tokens are still good, all of one algorithm.

    To rotate, make the new key the signing key and keep the old one among the previous until the last token
    it signed has expired. A previous key that is dropped at once ends all its access tokens; refresh tokens
    do not depend on any key. Where several processes are replaced one after the other, first add the new key
    as a previous key everywhere, then let it sign.

    Two algorithms in one keyring are refused: a verifier that knows both symmetric and public keys is one
    slip away from taking a public key for a secret.
    """

    def __init__(self, signer: SigningKey, previous: Sequence[VerifyKey] = ()) -> None:
        self._signer = signer
        self._keys: dict[str, VerifyKey] = {}
        for key in (signer.verifier, *previous):
            if key.algorithm != signer.verifier.algorithm:
                raise ConfigurationError("all keys must have the algorithm of the signing key")
            if key.kid in self._keys:
                raise ConfigurationError("the same key stands in the keyring twice")
            self._keys[key.kid] = key

    @classmethod
    def symmetric(cls, secret: bytes, previous: Sequence[bytes] = ()) -> Self:
        """Keys for HS256, derived from secrets of 32 random bytes or more.

        Raises:
            ConfigurationError: A secret is short, can be guessed, or stands there twice. No message holds one.
        """
        return cls(symmetric_key(secret), [symmetric_key(old).verifier for old in previous])

    @classmethod
    def asymmetric(cls, pem: bytes, algorithm: AsymmetricAlgorithm, previous: Sequence[bytes] = ()) -> Self:
        """Keys for EdDSA (Ed25519) or ES256 (P-256), so that others can verify without being able to sign.

        Args:
            pem: The private key, without a passphrase.
            algorithm: What it is for.
            previous: Earlier keys, public or private PEMs; only their public parts are kept.

        Raises:
            ConfigurationError: A key is of another kind or curve, or stands there twice. No message holds one.
        """
        if algorithm not in get_args(AsymmetricAlgorithm):
            raise ConfigurationError("the algorithm of a key pair is EdDSA or ES256")
        return cls(private_key(pem, algorithm), [public_key(old, algorithm) for old in previous])

    @property
    def algorithm(self) -> AlgorithmName:
        """The algorithm of all keys."""
        return self._signer.verifier.algorithm

    @property
    def kid(self) -> str:
        """The name of the signing key."""
        return self._signer.verifier.kid

    @property
    def keys(self) -> tuple[VerifyKey, ...]:
        """All keys that verify, the signing one first."""
        return tuple(self._keys.values())

    def find(self, kid: str) -> VerifyKey | None:
        """The key of this name, or None. A look-up in memory, whatever the name."""
        return self._keys.get(kid)

    def sign(self, message: bytes) -> bytes:
        """The signature of the signing key."""
        return self._signer.sign(message)

    def jwks(self) -> dict[str, Any]:
        """The public keys as a JWK Set (RFC 7517 section 5), the signing one first; empty for HS256."""
        return {"keys": [jwk for key in self.keys if (jwk := key.jwk()) is not None]}

    def __repr__(self) -> str:
        return f"Keyring(algorithm={self.algorithm!r}, kids={list(self._keys)!r})"
