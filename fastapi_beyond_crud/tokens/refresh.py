"""The arithmetic of refresh tokens: making, reading and succeeding them, without a database.

A token is base64url(family | secret). The family stays the same for the whole life of a session and only
holders of its tokens know it, so its hash is both the look-up key and the proof that a token is a genuine
ancestor. The secret changes with each use. Only SHA-256 of either is ever stored; both are uniformly random
and long enough (128 and 256 bits) that a salt would add nothing.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

FAMILY_BYTES = 16
SECRET_BYTES = 32
NONCE_BYTES = 32

# 48 bytes fill 64 characters without padding, so each token has exactly one spelling.
_SHAPE = re.compile(r"[A-Za-z0-9_-]{64}")

_SUCCESSOR_LABEL = b"fbc refresh v1\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """A refresh token in its two parts. Its repr shows neither.

    Attributes:
        family: 16 bytes, shared by all refresh tokens of one session.
        secret: 32 bytes, this token's own.
    """

    family: bytes = field(repr=False)
    secret: bytes = field(repr=False)

    def encode(self) -> str:
        """The 64 characters that the client keeps."""
        return base64.urlsafe_b64encode(self.family + self.secret).decode("ascii")

    @property
    def family_hash(self) -> bytes:
        """SHA-256 of the family, 32 bytes: the key under which the session is found."""
        return hashlib.sha256(self.family).digest()

    @property
    def secret_hash(self) -> bytes:
        """SHA-256 of the secret, 32 bytes: what tells the current token from its ancestors."""
        return hashlib.sha256(self.secret).digest()

    def child(self, nonce: bytes) -> "RefreshToken":
        """The token that follows this one under this nonce."""
        return RefreshToken(family=self.family, secret=successor(self.secret, nonce))


def new_refresh_token() -> RefreshToken:
    """The first refresh token of a new session."""
    return RefreshToken(family=secrets.token_bytes(FAMILY_BYTES), secret=secrets.token_bytes(SECRET_BYTES))


def parse_refresh_token(raw: str) -> RefreshToken | None:
    """The token that this text spells, or None if it cannot be one of ours. Costs no I/O and never raises."""
    if _SHAPE.fullmatch(raw) is None:
        return None
    data = base64.urlsafe_b64decode(raw)
    return RefreshToken(family=data[:FAMILY_BYTES], secret=data[FAMILY_BYTES:])


def new_nonce() -> bytes:
    """32 random bytes that decide, once, what the successor of a token is."""
    return secrets.token_bytes(NONCE_BYTES)


def successor(secret: bytes, nonce: bytes) -> bytes:
    """The secret that follows this one under this nonce, 32 bytes.

    HMAC-SHA256 with the old secret as the key. The server stores the nonce and only a hash of the result:
    whoever has the database lacks the secret, whoever stole the old token lacks the nonce. Whoever shows
    the same token again within the grace gets the same successor recomputed, so no second one can exist.
    """
    return hmac.digest(secret, _SUCCESSOR_LABEL + nonce, "sha256")
