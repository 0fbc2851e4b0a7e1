"""Which stored hashes are computed at all. What is refused here never reaches the hashing library."""

import pytest

from fastapi_beyond_crud.passwords.stored import Argon2Hash, BcryptHash, recognise

SALT, TAG = "c29tZXNhbHQ", "RdescudvJCsgt3ub+b+dWRWJTmaaJObG"


def argon2(*, m: int | str = 64, t: int | str = 2, p: int | str = 1, salt: str = SALT, tag: str = TAG) -> str:
    return f"$argon2id$v=19$m={m},t={t},p={p}${salt}${tag}"


@pytest.mark.parametrize(
    "stored",
    [
        argon2(m=1_048_577),
        argon2(m=4_294_967_295),
        argon2(m=10**20),
        argon2(t=17),
        argon2(t=4_294_967_295),
        argon2(p=17),
        argon2(p=16_777_215),
        argon2(m=0),
        argon2(m="064"),
        argon2(m="+64"),
        argon2(m=" 64"),
        argon2(m="\u0666\u0664"),
        argon2(t=0),
        argon2(p=0),
        argon2(salt="c29tZXNhb"),
        argon2(salt="c" * 87),
        argon2(tag="R" * 21),
        argon2(tag="R" * 87),
        argon2(tag=TAG + "="),
        argon2() + "\n",
        argon2() + "$",
        " " + argon2(),
        argon2().replace("v=19", "v=20"),
        argon2().replace("argon2id", "argon2ID"),
        argon2().replace("m=64,t=2", "t=2,m=64"),
        argon2() + argon2(),
        "$2b$17$" + "." * 53,
        "$2b$31$" + "." * 53,
        "$2b$99$" + "." * 53,
        "$2b$03$" + "." * 53,
        "$2b$00$" + "." * 53,
        "$2b$5$" + "." * 53,
        "$2b$05$" + "." * 52,
        "$2b$05$" + "." * 54,
        "$2b$05$" + "." * 53 + "\n",
        "$2c$05$" + "." * 53,
        "$2$05$" + "." * 53,
    ],
    ids=lambda stored: ascii(stored)[:60],
)
def test_a_hash_beyond_the_bounds_is_not_recognised(stored: str) -> None:
    """PW-11: over a ceiling, too short to be safe, or not exactly in the usual form."""
    assert recognise(stored) is None


@pytest.mark.parametrize(
    "stored",
    [argon2(m=1_048_576), argon2(t=16), argon2(p=16), argon2(salt="c" * 86), argon2(tag="R" * 22)],
    ids=lambda stored: ascii(stored)[:60],
)
def test_a_hash_at_the_bounds_is_recognised(stored: str) -> None:
    """PW-11: an import of strong hashes is no attack."""
    assert isinstance(recognise(stored), Argon2Hash)


@pytest.mark.parametrize("stored", ["$2a$04$" + "." * 53, "$2b$16$" + "." * 53, "$2y$12$" + "." * 53])
def test_bcrypt_is_recognised_in_its_three_prefixes(stored: str) -> None:
    assert recognise(stored) == BcryptHash(text=stored)


def test_the_parameters_are_read_as_they_stand() -> None:
    found = recognise("$argon2i$m=65536,t=3,p=4$c29tZXNhbHQ$" + TAG)
    assert isinstance(found, Argon2Hash)
    parameters = found.parameters
    assert (parameters.variant, parameters.version) == ("argon2i", 16)
    assert (parameters.memory_kib, parameters.time_cost, parameters.parallelism) == (65_536, 3, 4)
    assert (parameters.salt_length, parameters.tag_length) == (11, 32)
