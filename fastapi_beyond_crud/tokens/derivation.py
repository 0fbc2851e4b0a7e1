"""Keys for single purposes, derived from one secret."""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

DERIVED_KEY_BYTES = 32


def derive_key(secret: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose, from which neither the secret nor another purpose's key can be found.

    HKDF-SHA256 with an empty salt and the info ``fastapi-beyond-crud <purpose> v1``. The purpose ``access``
    gives the key of HS256 access tokens, so another program that has the secret can verify them.

    Args:
        secret: At least 32 bytes that nobody can guess.
        purpose: A constant of the calling code, such as ``access``. Different purposes never share a key.
    """
    if not purpose:
        raise ValueError("a derived key needs a purpose")
    info = f"fastapi-beyond-crud {purpose} v1".encode()
    return hkdf_sha256(secret, salt=b"", info=info, length_bytes=DERIVED_KEY_BYTES)


def hkdf_sha256(secret: bytes, *, salt: bytes, info: bytes, length_bytes: int) -> bytes:
    """HKDF with SHA-256 (RFC 5869), extract and expand."""
    return HKDF(algorithm=SHA256(), length=length_bytes, salt=salt, info=info).derive(secret)
