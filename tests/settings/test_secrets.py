"""Which secrets are refused at start, and which are not."""

import base64
import os
import secrets
import subprocess
import sys
from hashlib import sha512
from pathlib import Path

import pytest

from fastapi_beyond_crud.settings import SettingsError, load_settings, new_secret

PROJECT = Path(__file__).parents[2]
RFC_7515_A1 = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
TUTORIAL = "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7"


def encoded(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).decode().rstrip("=")


WEAK = {
    "31 random bytes": secrets.token_urlsafe(31),
    "32 times a": "a" * 32,
    "43 times a": "a" * 43,
    "32 bytes of a": encoded(b"a" * 32),
    "32 zero bytes": encoded(bytes(32)),
    "nine distinct bytes, well mixed": encoded(
        bytes(b"\x03\x8d;\x1a5\xf0a]\xee"[b % 9] for b in sha512(b"mix").digest())
    ),
    "a block of 16, twice": encoded(os.urandom(16) * 2),
    "counting": encoded(bytes(range(32))),
    "counting down by seven": encoded(bytes((255 - 7 * i) % 256 for i in range(40))),
    "changeme": "changeme",
    "changeme, long enough": "changeme" * 6,
    "change-me with digits": "Change-Me_0123456789-9f8e7d6c5b4a-ZZtop-Qx",
    "a placeholder phrase": "your-super-secret-key-that-is-long-enough-for-hs256",
    "a phrase": "correct-horse-battery-staple-correct-horse-battery",
    "base64url of a phrase": encoded(b"correct horse battery staple, and then some"),
    "base64url of a placeholder": encoded(b"Please-Change-Me-In-Production-2024!!"),
    "the key of RFC 7515": RFC_7515_A1,
    "the key of a tutorial": TUTORIAL,
    "base64url of the key of a tutorial": encoded(TUTORIAL.encode()),
    "standard base64": "+/" + secrets.token_urlsafe(40),
    "not base64url at all": "pässwörter sind keine schlüssel, auch lange nicht",
    "a length that base64url never has": secrets.token_urlsafe(33) + "A",
    "a NUL-like control character": "\x01" + secrets.token_urlsafe(40),
}


@pytest.mark.parametrize("weak", WEAK.values(), ids=WEAK.keys())
def test_a_weak_secret_is_refused_with_the_command_that_makes_a_good_one(
    weak: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """KM-01: the start is refused, and the message does not repeat the secret."""
    monkeypatch.setenv("AUTH_SECRET_KEY", weak)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    (problem,) = caught.value.problems
    assert problem.startswith("AUTH_SECRET_KEY: ")
    assert "beyond-crud secret" in problem
    assert "secrets.token_urlsafe(32)" in problem
    assert weak not in str(caught.value)


@pytest.mark.parametrize("weak", WEAK.values(), ids=WEAK.keys())
def test_an_earlier_secret_may_be_no_weaker_than_the_present_one(
    weak: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """KM-01: tokens under an earlier secret are believed as well."""
    monkeypatch.setenv("AUTH_PREVIOUS_SECRET_KEYS", f"{new_secret()},{weak}")
    with pytest.raises(SettingsError, match="AUTH_PREVIOUS_SECRET_KEYS: "):
        load_settings()


@pytest.mark.parametrize("value", [None, "", "   "], ids=["unset", "empty", "blank"])
def test_there_is_no_default_secret(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """KM-01."""
    if value is not None:
        monkeypatch.setenv("AUTH_SECRET_KEY", value)
    with pytest.raises(SettingsError, match=r"AUTH_SECRET_KEY: .*beyond-crud secret"):
        load_settings()


@pytest.mark.parametrize("padding", ["", "="], ids=["bare", "padded"])
def test_the_present_secret_among_the_earlier_ones_is_refused_however_it_is_spelled(
    padding: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """KM-01: a rotation that rotates nothing."""
    monkeypatch.setenv("AUTH_PREVIOUS_SECRET_KEYS", f"{new_secret()},{key}{padding}")
    with pytest.raises(SettingsError, match="AUTH_PREVIOUS_SECRET_KEYS: holds the present secret") as caught:
        load_settings()
    assert key not in str(caught.value)


def test_one_earlier_secret_twice_is_refused(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """KM-01."""
    earlier = new_secret()
    monkeypatch.setenv("AUTH_PREVIOUS_SECRET_KEYS", f"{earlier},{earlier}")
    with pytest.raises(SettingsError, match="one secret twice"):
        load_settings()


def test_a_process_with_a_weak_secret_does_not_start_and_does_not_print_it() -> None:
    """KM-01, with a real process: exit status, and all of its output."""
    weak = "my-own-weak-secret-value-for-this-test"
    ended = subprocess.run(
        [sys.executable, "-c", "from fastapi_beyond_crud.settings import load_settings; load_settings()"],
        env={**os.environ, "AUTH_SECRET_KEY": weak, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode != 0
    assert "AUTH_SECRET_KEY: looks like a placeholder" in ended.stderr
    assert weak not in ended.stdout + ended.stderr


def test_the_bytes_of_secrets_are_had_decoded(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = os.urandom(32), os.urandom(48)
    monkeypatch.setenv("AUTH_SECRET_KEY", f" {base64.urlsafe_b64encode(first).decode()}\n")
    monkeypatch.setenv("AUTH_PREVIOUS_SECRET_KEYS", f"{encoded(second)}, {key}")
    settings = load_settings()
    assert settings.secret_key_bytes == first
    assert settings.previous_secret_keys_bytes == (second, base64.urlsafe_b64decode(key + "="))


def test_hexadecimal_digits_are_base64url_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTH_SECRET_KEY", secrets.token_hex(32))
    assert len(load_settings().secret_key_bytes) == 48


def test_fresh_secrets_are_accepted_and_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {new_secret() for _ in range(200)}
    assert len(made) == 200
    for text in made:
        monkeypatch.setenv("AUTH_SECRET_KEY", text)
        assert len(load_settings().secret_key_bytes) == 32
