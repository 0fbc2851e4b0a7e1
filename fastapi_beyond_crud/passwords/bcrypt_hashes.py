"""Hashes that another system made with bcrypt: verified once, then replaced by Argon2."""

from types import ModuleType

_BCRYPT_BYTES = 72


def load_bcrypt() -> ModuleType | None:
    """The optional package, or None where the extra ``bcrypt`` is not installed."""
    try:
        import bcrypt
    except ImportError:
        return None
    return bcrypt


def bcrypt_matches(bcrypt: ModuleType, secret: bytes, stored: str) -> bool:
    """Whether the hash was made from this password.

    The algorithm has always used the first 72 bytes only. Release 5 of the package raises for more instead,
    so they are cut here: the hash of a long password was made from its beginning, and this is its only use.

    Raises:
        ValueError: The stored text has the shape of a hash and is none.
    """
    return bool(bcrypt.checkpw(secret[:_BCRYPT_BYTES], stored.encode("ascii")))
