"""What is hashed, what is verified, and that every answer costs the same work."""

import asyncio
import logging
import re
import subprocess
import sys
import unicodedata

import argon2
import bcrypt
import pytest

from fastapi_beyond_crud.core.errors import Unavailable, ValidationFailed
from fastapi_beyond_crud.passwords.hasher import PasswordHasher, Verified
from fastapi_beyond_crud.passwords.pool import HashPool

PASSWORD = "correct horse battery"
WRONG = Verified(ok=False, needs_rehash=False)
RIGHT = Verified(ok=True, needs_rehash=False)
RIGHT_BUT_OLD = Verified(ok=True, needs_rehash=True)

SALT, TAG = "c29tZXNhbHQ", "RdescudvJCsgt3ub+b+dWRWJTmaaJObG"

# What a row may hold through a bad import, a bug or an attacker who can write to it.
HOSTILE = [
    None,
    "",
    " ",
    "!",
    PASSWORD,
    "\0",
    "\ud800",
    "$" * 10_000,
    "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/",
    "pbkdf2_sha256$600000$salt$Zm9v",
    f"$argon2id$v=19$m=4294967295,t=2,p=1${SALT}${TAG}",
    f"$argon2id$v=19$m=1048577,t=2,p=1${SALT}${TAG}",
    f"$argon2id$v=19$m=64,t=17,p=1${SALT}${TAG}",
    f"$argon2id$v=19$m=1024,t=2,p=17${SALT}${TAG}",
    f"$argon2id$v=19$m=99999999999999999999,t=2,p=1${SALT}${TAG}",
    f"$argon2id$v=19$m=0,t=0,p=0${SALT}${TAG}",
    f"$argon2id$v=19$m=-64,t=2,p=1${SALT}${TAG}",
    f"$argon2id$v=19$m=4,t=1,p=1${SALT}${TAG}",
    f"$argon2id$v=19$m=\u0666\u0664,t=2,p=1${SALT}${TAG}",
    f"$argon2id$v=20$m=64,t=2,p=1${SALT}${TAG}",
    f"$argon2x$v=19$m=64,t=2,p=1${SALT}${TAG}",
    f"$argon2id$v=19$m=64,t=2,p=1${SALT}$AAAAAA",
    f"$argon2id$v=19$m=64,t=2,p=1${SALT}$" + "A" * 22 + "B",
    f"$argon2id$v=19$m=64,t=2,p=1${SALT}",
    f"$argon2id$v=19$m=64,t=2,p=1${SALT}${TAG}\n",
    "$2b$31$" + "." * 53,
    "$2b$17$" + "." * 53,
    "$2b$03$" + "." * 53,
    "$2b$05$" + "z" * 53,
    "$2x$05$" + "." * 53,
    "$2b$05$" + "." * 52,
]


@pytest.mark.parametrize("stored", HOSTILE, ids=lambda stored: ascii(stored)[:48])
async def test_a_stored_hash_that_cannot_be_believed_is_a_wrong_password(
    hasher: PasswordHasher, stored: str | None
) -> None:
    """PW-11: no exception, no huge allocation, and the work of exactly one hash."""
    assert await hasher.verify(PASSWORD, stored) == WRONG
    assert hasher.computed == 1


async def test_a_wrong_password_is_refused_for_the_same_work(hasher: PasswordHasher) -> None:
    stored = await hasher.hash(PASSWORD)
    before = hasher.computed
    assert await hasher.verify(PASSWORD + "!", stored) == WRONG
    assert await hasher.verify("", stored) == WRONG
    assert hasher.computed == before + 2


@pytest.mark.parametrize("password", ["x" * 1_025, "x" * 10_000_000, "e\u0301" * 1_025])
async def test_an_overlong_password_is_refused_without_hashing(hasher: PasswordHasher, password: str) -> None:
    """PW-03: the refusal depends on the input alone, so it tells nothing about the account."""
    stored = await hasher.hash(PASSWORD)
    before = hasher.computed
    assert await hasher.verify(password, stored) == WRONG
    assert await hasher.verify(password, None) == WRONG
    with pytest.raises(ValidationFailed):
        await hasher.hash(password)
    assert hasher.computed == before


@pytest.mark.parametrize("password", ["\ud800", PASSWORD + "\udfff", "\0", PASSWORD + "\0"])
async def test_a_password_that_is_no_text_is_refused_and_never_an_encoding_error(
    hasher: PasswordHasher, password: str
) -> None:
    """IN-02, IN-04: argon2 would raise for a lone surrogate; bcrypt would end at a NUL."""
    assert await hasher.verify(password, await hasher.hash(PASSWORD)) == WRONG
    with pytest.raises(ValidationFailed) as caught:
        await hasher.hash(password)
    assert caught.value.extra["errors"][0]["type"] == "password_unusable"


@pytest.mark.parametrize("length", [64, 72, 73, 128, 1_024])
async def test_a_long_password_counts_to_its_last_character(hasher: PasswordHasher, length: int) -> None:
    """PW-02: nothing is cut, so the first 72 characters alone do not log in."""
    password = "x" * (length - 1) + "y"
    stored = await hasher.hash(password)
    assert await hasher.verify(password, stored) == RIGHT
    assert await hasher.verify(password[:-1] + "z", stored) == WRONG
    if length > 72:
        assert await hasher.verify(password[:72], stored) == WRONG


@pytest.mark.parametrize(
    "password",
    ["  spaces at both ends  ", "😀🎉🐍", "密码", "كلمة", "a\u0327\u0323", "".join(map(chr, range(32, 127)))],
)
async def test_any_characters_match_exactly(hasher: PasswordHasher, password: str) -> None:
    """PW-04: what was set is what logs in, and nothing near it."""
    stored = await hasher.hash(password)
    assert await hasher.verify(password, stored) == RIGHT
    assert await hasher.verify(password + " ", stored) == WRONG
    assert await hasher.verify(password[1:], stored) == WRONG


async def test_composed_and_decomposed_input_are_the_same_password(hasher: PasswordHasher) -> None:
    """PW-05: NFC on every path; compatibility forms stay different."""
    composed = "sm\u00f8rrebr\u00f8d med \u00e9\u00e5"
    decomposed = unicodedata.normalize("NFD", composed)
    assert composed != decomposed
    assert await hasher.verify(composed, await hasher.hash(decomposed)) == RIGHT
    assert await hasher.verify(decomposed, await hasher.hash(composed)) == RIGHT
    assert await hasher.verify("fi", await hasher.hash("\ufb01")) == WRONG


async def test_a_hash_has_the_recommended_parameters_and_a_salt_of_its_own(pool: HashPool) -> None:
    """PW-08: argon2id, 19 MiB, two passes, one lane, 16 bytes of salt, 32 of tag."""
    hasher = PasswordHasher(pool)
    first, second = await hasher.hash(PASSWORD), await hasher.hash(PASSWORD)
    shape = r"\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}"
    assert re.fullmatch(shape, first)
    assert first.split("$")[4] != second.split("$")[4]
    assert first.split("$")[5] != second.split("$")[5]
    assert await hasher.verify(PASSWORD, first) == RIGHT
    assert argon2.PasswordHasher().verify(first, PASSWORD)


@pytest.mark.parametrize(
    ("stored", "password"),
    [
        # From the README and the test program of the reference implementation of Argon2.
        ("$argon2i$v=19$m=65536,t=2,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG", "password"),
        ("$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ", "password"),
        # From the test program of crypt_blowfish.
        ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"),
    ],
)
async def test_published_hashes_verify_and_ask_to_be_replaced(
    hasher: PasswordHasher, stored: str, password: str
) -> None:
    assert await hasher.verify(password, stored) == RIGHT_BUT_OLD
    assert await hasher.verify(password + "x", stored) == WRONG


@pytest.mark.parametrize(
    "other",
    [
        {"time_cost": 2, "memory_cost": 64, "parallelism": 1},
        {"time_cost": 1, "memory_cost": 128, "parallelism": 1},
        {"time_cost": 1, "memory_cost": 64, "parallelism": 4},
        {"time_cost": 1, "memory_cost": 64, "parallelism": 1, "hash_len": 16},
        {"time_cost": 1, "memory_cost": 64, "parallelism": 1, "salt_len": 8},
        {"time_cost": 1, "memory_cost": 64, "parallelism": 1, "type": argon2.Type.D},
        {"time_cost": 1, "memory_cost": 64, "parallelism": 1, "type": argon2.Type.I},
    ],
)
async def test_a_hash_of_other_parameters_is_replaced_on_success_only(
    hasher: PasswordHasher, other: dict[str, int | argon2.Type]
) -> None:
    """PW-09: a right password asks for a new hash, a wrong one never does."""
    stored = argon2.PasswordHasher(**other).hash(PASSWORD)  # type: ignore[arg-type]
    assert await hasher.verify(PASSWORD, stored) == RIGHT_BUT_OLD
    assert await hasher.verify("wrong", stored) == WRONG
    assert await hasher.verify(PASSWORD, await hasher.hash(PASSWORD)) == RIGHT


@pytest.mark.parametrize("prefix", ["$2a$", "$2b$", "$2y$"])
async def test_bcrypt_hashes_of_another_system_verify_and_are_replaced(hasher: PasswordHasher, prefix: str) -> None:
    """PW-09: older fastapi-users tables hold these."""
    stored = prefix + bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()[4:]
    assert await hasher.verify(PASSWORD, stored) == RIGHT_BUT_OLD
    assert await hasher.verify("wrong", stored) == WRONG
    assert hasher.computed == 2


async def test_a_bcrypt_hash_of_a_long_password_still_verifies(hasher: PasswordHasher) -> None:
    """PW-02: bcrypt kept 72 bytes of it; the replacement counts to the last character."""
    password = "é" * 40 + "the end"
    stored = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode()
    assert await hasher.verify(password, stored) == RIGHT_BUT_OLD
    replacement = await hasher.hash(password)
    assert await hasher.verify("é" * 40, replacement) == WRONG


async def test_without_the_bcrypt_package_the_login_fails_closed_and_the_log_says_what_to_install(
    pool: HashPool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stored = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    monkeypatch.setitem(sys.modules, "bcrypt", None)
    hasher = PasswordHasher(pool, time_cost=1, memory_kib=64)
    with caplog.at_level(logging.WARNING):
        assert await hasher.verify(PASSWORD, stored) == WRONG
        assert await hasher.verify(PASSWORD, stored) == WRONG
    assert hasher.computed == 2
    (record,) = caplog.records
    assert 'pip install "fastapi-beyond-crud[bcrypt]"' in record.getMessage()
    assert stored not in caplog.text
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize(
    "limits",
    [
        {"time_cost": 0},
        {"time_cost": 17},
        {"parallelism": 0},
        {"parallelism": 17},
        {"memory_kib": 7},
        {"memory_kib": 1_048_577},
        {"memory_kib": 31, "parallelism": 4},
    ],
)
def test_parameters_that_argon2_or_the_ceiling_refuse_stop_the_start(pool: HashPool, limits: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="between"):
        PasswordHasher(pool, **limits)


async def test_a_full_pool_decides_nothing(hasher: PasswordHasher, pool: HashPool) -> None:
    """DS-05: too many log-ins are told to come back, which is not the same as a wrong password."""
    pool.close()
    with pytest.raises(Unavailable):
        await hasher.verify(PASSWORD, None)


async def test_twenty_hashes_leave_the_event_loop_alive(pool: HashPool) -> None:
    """PW-12: the heartbeat goes on while hashes of the real size run, and its 99th percentile is short."""
    pool = HashPool(workers=2, queue=20)
    hasher = PasswordHasher(pool)
    loop = asyncio.get_running_loop()
    hashes = asyncio.gather(*(hasher.hash(PASSWORD) for _ in range(20)))
    gaps: list[float] = []
    while not hashes.done():
        begun = loop.time()
        await asyncio.sleep(0.001)
        gaps.append(loop.time() - begun)
    pool.close()
    assert len(set(await hashes)) == 20
    assert len(gaps) >= 20
    assert sorted(gaps)[int(len(gaps) * 0.99)] < 0.1


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from /proc")
def test_the_peak_of_memory_is_workers_times_one_hash() -> None:
    """DS-05: forty log-ins at once with two workers use the memory of two hashes."""
    peak_growth_mib = int(_run_python(_PEAK_OF_FORTY_HASHES))
    assert 64 <= peak_growth_mib <= 2 * 64 + 32


@pytest.mark.skipif(sys.platform != "linux", reason="limits its own address space")
def test_when_memory_is_short_the_answer_is_unavailable() -> None:
    """DS-05: neither a crash nor a wrong-password answer."""
    assert _run_python(_HASHES_WITHOUT_MEMORY).split() == ["Unavailable", "Unavailable"]


def _run_python(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


_PEAK_OF_FORTY_HASHES = """
import asyncio, re
from fastapi_beyond_crud.passwords.hasher import PasswordHasher
from fastapi_beyond_crud.passwords.pool import HashPool

def peak_kib():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])

async def main():
    hasher = PasswordHasher(HashPool(workers=2, queue=40), time_cost=1, memory_kib=64 * 1024)
    before = peak_kib()
    await asyncio.gather(*(hasher.hash("correct horse battery") for _ in range(40)))
    print((peak_kib() - before) // 1024)

asyncio.run(main())
"""

_HASHES_WITHOUT_MEMORY = """
import asyncio, resource
from fastapi_beyond_crud.core.errors import Unavailable
from fastapi_beyond_crud.passwords.hasher import PasswordHasher
from fastapi_beyond_crud.passwords.pool import HashPool

async def main():
    hasher = PasswordHasher(HashPool(workers=1), memory_kib=1024 * 1024)
    resource.setrlimit(resource.RLIMIT_AS, (900 << 20, 900 << 20))
    for attempt in (hasher.hash("x"), hasher.verify("x", None)):
        try:
            await attempt
        except Unavailable as error:
            print(type(error).__name__)

asyncio.run(main())
"""
