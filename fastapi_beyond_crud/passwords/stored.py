"""What a stored password hash says about itself. It is data, possibly imported, and is read with suspicion."""

import re
from dataclasses import dataclass
from typing import TypeAlias

MAX_MEMORY_KIB = 1_048_576  # 1 GiB
MAX_TIME_COST = 16
MAX_PARALLELISM = 16
MAX_BCRYPT_COST = 16  # Sixteen times the work of the usual 12.

# A salt of 8 bytes and a tag of 16 at least: a stored tag of 4 bytes would match one password in 2**32.
_ARGON2 = re.compile(
    r"\$(argon2id|argon2i|argon2d)(?:\$v=(16|19))?"
    r"\$m=([1-9][0-9]{0,9}),t=([1-9][0-9]{0,9}),p=([1-9][0-9]{0,7})"
    r"\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})"
)
_BCRYPT = re.compile(r"\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{53}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Argon2Parameters:
    """How an Argon2 hash was made.

    Attributes:
        variant: ``argon2id``, ``argon2i`` or ``argon2d``.
        version: 19 for the algorithm of RFC 9106, 16 for the one before.
        memory_kib: In KiB.
        time_cost: Passes over the memory.
        parallelism: Lanes.
        salt_length: In characters of base64 without padding.
        tag_length: The same.
    """

    variant: str
    version: int
    memory_kib: int
    time_cost: int
    parallelism: int
    salt_length: int
    tag_length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Argon2Hash:
    """An Argon2 hash in its usual text form, with parameters within the ceilings."""

    text: str
    parameters: Argon2Parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class BcryptHash:
    """A bcrypt hash with a cost within the ceiling."""

    text: str


StoredHash: TypeAlias = Argon2Hash | BcryptHash


def recognise(stored: str) -> StoredHash | None:
    """What kind of hash this is, or None for anything that must not be computed.

    Parameters above the ceilings are not believed: ``m=4294967295`` would ask for 4 TiB of memory.
    """
    if match := _ARGON2.fullmatch(stored):
        parameters = _argon2_parameters(match)
        return Argon2Hash(text=stored, parameters=parameters) if _is_bearable(parameters) else None
    if match := _BCRYPT.fullmatch(stored):
        return BcryptHash(text=stored) if 4 <= int(match[1]) <= MAX_BCRYPT_COST else None
    return None


def _argon2_parameters(match: re.Match[str]) -> Argon2Parameters:
    variant, version, memory, time_cost, lanes, salt, tag = match.groups()
    return Argon2Parameters(
        variant=variant,
        version=int(version or 16),
        memory_kib=int(memory),
        time_cost=int(time_cost),
        parallelism=int(lanes),
        salt_length=len(salt),
        tag_length=len(tag),
    )


def _is_bearable(parameters: Argon2Parameters) -> bool:
    return (
        parameters.memory_kib <= MAX_MEMORY_KIB
        and parameters.time_cost <= MAX_TIME_COST
        and parameters.parallelism <= MAX_PARALLELISM
    )
