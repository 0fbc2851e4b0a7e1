"""Hashing and verifying passwords."""

import base64
import logging
import secrets
import threading
from dataclasses import dataclass
from functools import partial

from argon2 import low_level
from argon2.exceptions import Argon2Error, HashingError, VerificationError, VerifyMismatchError

from fastapi_beyond_crud.core.errors import Unavailable, ValidationFailed
from fastapi_beyond_crud.passwords.bcrypt_hashes import bcrypt_matches, load_bcrypt
from fastapi_beyond_crud.passwords.pool import HashPool
from fastapi_beyond_crud.passwords.stored import (
    MAX_MEMORY_KIB,
    MAX_PARALLELISM,
    MAX_TIME_COST,
    Argon2Hash,
    Argon2Parameters,
    BcryptHash,
    StoredHash,
    recognise,
)
from fastapi_beyond_crud.passwords.text import is_hashable, normalised

logger = logging.getLogger(__name__)

_SALT_BYTES = 16
_TAG_BYTES = 32
_VARIANTS = {"argon2id": low_level.Type.ID, "argon2i": low_level.Type.I, "argon2d": low_level.Type.D}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The answer about a password.

    Attributes:
        ok: Whether the hash was made from it.
        needs_rehash: Whether the hash is other than what is made today; only ever true with `ok`. Hash the
            password again, and store it where the old hash still stands.
    """

    ok: bool
    needs_rehash: bool


class PasswordHasher:
    """Argon2id in a `HashPool`, with the parameters that OWASP recommends.

    Every call takes the password as typed and brings it into NFC. A password that no policy lets through
    (over 1,024 code points, NUL, lone surrogates) is refused without hashing: that depends on what was sent
    alone, so the time tells nothing about the account. Otherwise each call computes exactly one hash.

    Await it outside any transaction: it takes tens of milliseconds, and it may wait for a thread.

    Args:
        pool: Where the work is done.
        time_cost: Passes over the memory.
        memory_kib: Memory of one hash, in KiB.
        parallelism: Lanes, each a thread of its own.
    """

    def __init__(self, pool: HashPool, *, time_cost: int = 2, memory_kib: int = 19_456, parallelism: int = 1) -> None:
        if not (1 <= parallelism <= MAX_PARALLELISM and 1 <= time_cost <= MAX_TIME_COST):
            raise ValueError(f"time_cost and parallelism lie between 1 and {MAX_TIME_COST}")
        if not 8 * parallelism <= memory_kib <= MAX_MEMORY_KIB:
            raise ValueError(f"memory_kib lies between 8 a lane and {MAX_MEMORY_KIB}")
        self._pool = pool
        self._today = Argon2Parameters(
            variant="argon2id",
            version=low_level.ARGON2_VERSION,
            memory_kib=memory_kib,
            time_cost=time_cost,
            parallelism=parallelism,
            salt_length=_base64_length(_SALT_BYTES),
            tag_length=_base64_length(_TAG_BYTES),
        )
        self._dummy = _unmatchable(self._today)
        self._bcrypt = load_bcrypt()
        self._told_about_bcrypt = False
        self._computed = 0
        self._lock = threading.Lock()

    @property
    def computed(self) -> int:
        """Hashes computed so far. A counter for metrics; it also shows that two answers cost the same work."""
        return self._computed

    async def hash(self, password: str) -> str:
        """The text to store: ``$argon2id$v=19$m=...,t=...,p=...$salt$tag``, with a salt of its own.

        Raises:
            ValidationFailed: The password cannot be hashed. `PasswordPolicy` says so earlier and better.
            Unavailable: The pool is full, or there is no memory left.
        """
        secret = _as_secret(password)
        if secret is None:
            raise ValidationFailed.of("body", "password", type="password_unusable", msg="This cannot be a password")
        return await self._pool.run(partial(self._make, secret))

    async def verify(self, password: str, stored: str | None) -> Verified:
        """Whether the stored hash was made from this password.

        No account (``stored=None``), garbage, an unknown format and absurd parameters cost one hash of
        today's parameters and are a wrong password, never an error. A hash that was imported with other
        parameters takes the time of those until its first successful log-in replaces it.

        Raises:
            Unavailable: The pool is full, or there is no memory left. Nothing was decided.
        """
        secret = _as_secret(password)
        if secret is None:
            return Verified(ok=False, needs_rehash=False)
        found = self._computable(stored)
        ok = await self._pool.run(partial(self._compare, secret, found or self._dummy)) and found is not None
        return Verified(ok=ok, needs_rehash=ok and not self._is_current(found))

    def _computable(self, stored: str | None) -> StoredHash | None:
        found = recognise(stored) if stored is not None else None
        if isinstance(found, BcryptHash) and self._bcrypt is None:
            self._tell_about_bcrypt()
            return None
        return found

    def _make(self, secret: bytes) -> str:
        try:
            made: bytes = low_level.hash_secret(
                secret,
                secrets.token_bytes(_SALT_BYTES),
                time_cost=self._today.time_cost,
                memory_cost=self._today.memory_kib,
                parallelism=self._today.parallelism,
                hash_len=_TAG_BYTES,
                type=low_level.Type.ID,
            )
        except HashingError as error:
            raise _out_of_memory(error) from None
        self._count()
        return made.decode("ascii")

    def _compare(self, secret: bytes, found: StoredHash) -> bool:
        try:
            ok = self._matches(secret, found)
        except (VerificationError, ValueError) as error:
            logger.warning("a stored password hash cannot be computed: %s", error)
            # The refusal was quick. Do the work that a wrong password would have cost.
            self._pretend(secret)
            ok = False
        self._count()
        return ok

    def _pretend(self, secret: bytes) -> None:
        try:
            self._matches(secret, self._dummy)
        except VerificationError as error:
            raise _out_of_memory(error) from None

    def _matches(self, secret: bytes, found: StoredHash) -> bool:
        if isinstance(found, BcryptHash):
            return self._bcrypt is not None and bcrypt_matches(self._bcrypt, secret, found.text)
        try:
            return bool(
                low_level.verify_secret(found.text.encode("ascii"), secret, _VARIANTS[found.parameters.variant])
            )
        except VerifyMismatchError:
            return False

    def _is_current(self, found: StoredHash | None) -> bool:
        return isinstance(found, Argon2Hash) and found.parameters == self._today

    def _count(self) -> None:
        with self._lock:
            self._computed += 1

    def _tell_about_bcrypt(self) -> None:
        # Once: whoever guesses at such an account must not be able to fill the log.
        if not self._told_about_bcrypt:
            self._told_about_bcrypt = True
            logger.warning(
                "an account has a bcrypt hash and cannot log in; "
                'install the package for it: pip install "fastapi-beyond-crud[bcrypt]"'
            )


def _out_of_memory(error: Argon2Error) -> Unavailable:
    """With parameters of our own, memory is all that can be missing."""
    logger.error("a password could not be hashed: %s", error)
    return Unavailable(retry_after_seconds=1)


def _as_secret(password: str) -> bytes | None:
    """The bytes that are hashed, or None for what cannot be a password."""
    text = normalised(password)
    return text.encode("utf-8") if text is not None and is_hashable(text) else None


def _unmatchable(parameters: Argon2Parameters) -> Argon2Hash:
    """A hash that nobody knows a password for.

    Random salt and tag stand in for computed ones, so that the first unknown account costs what every other
    does: one hash, not two.
    """
    salt, tag = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_TAG_BYTES)
    costs = f"m={parameters.memory_kib},t={parameters.time_cost},p={parameters.parallelism}"
    text = f"${parameters.variant}$v={parameters.version}${costs}${_base64(salt)}${_base64(tag)}"
    return Argon2Hash(text=text, parameters=parameters)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).rstrip(b"=").decode("ascii")


def _base64_length(size_bytes: int) -> int:
    return len(_base64(bytes(size_bytes)))
