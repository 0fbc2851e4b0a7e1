"""Revocations as values, and the 256 buckets they are spread over."""

from dataclasses import dataclass
from hashlib import sha256

BUCKETS = 256
"""How many there are. Part of what is stored: it never changes."""


def bucket_of(user_id: str) -> int:
    """The bucket, 0 to 255, that holds every revocation of this user.

    In SQL: ``get_byte(sha256(convert_to(user_id::text, 'UTF8')), 0)``.
    """
    return sha256(user_id.encode()).digest()[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationEntry:
    """One session that has ended, or what is left of a user's older tokens.

    Entries of one subject are merged by the maximum of each number, so that their order and their repetition
    do not matter.

    Attributes:
        bucket: ``bucket_of`` the user, for a session as well.
        subject: ``s:<session id>`` or ``u:<user id>``.
        cutoff: Of a user: tokens with a smaller auth_version are dead.
        version: Of a user: tokens with a smaller auth_version carry old rights.
        until: Epoch seconds after which no token that the entry speaks of can still live.
    """

    bucket: int
    subject: str
    cutoff: int = 0
    version: int = 0
    until: int

    @classmethod
    def of_session(cls, *, user_id: str, session_id: str, until: int) -> "RevocationEntry":
        """This session has ended."""
        return cls(bucket=bucket_of(user_id), subject=f"s:{session_id}", until=until)

    @classmethod
    def of_user(cls, *, user_id: str, cutoff: int = 0, version: int, until: int) -> "RevocationEntry":
        """The rights of this user have moved; tokens older than the cut-off, if any, are dead."""
        return cls(bucket=bucket_of(user_id), subject=f"u:{user_id}", cutoff=cutoff, version=version, until=until)
