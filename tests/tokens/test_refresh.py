"""Refresh tokens: what is refused, what is uniform, what is recomputed."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_beyond_crud.tokens.refresh import (
    RefreshToken,
    new_nonce,
    new_refresh_token,
    parse_refresh_token,
    successor,
)

# A fixed one, so that the names of the tests are the same in every process.
GENUINE = RefreshToken(family=bytes(range(100, 116)), secret=bytes(range(150, 182))).encode()


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "a",
        GENUINE[:-1],
        GENUINE + "A",
        GENUINE + "=",
        GENUINE + "\n",
        GENUINE[:-1] + "\n",
        " " + GENUINE[1:],
        GENUINE[:-1] + "=",
        GENUINE[:-1] + "+",
        GENUINE[:-1] + "/",
        GENUINE[:-1] + "\0",
        GENUINE[:-1] + "\ud800",
        GENUINE[:-1] + "é",
        GENUINE[:-1] + "\uff21",
        "\u0660" * 64,
        "A" * 1_000_000,
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.",
        "00000000-0000-7000-8000-000000000000",
    ],
    ids=lambda raw: f"{len(raw)}-{raw[-6:].encode('unicode_escape').decode()}",
)
def test_text_that_cannot_be_a_refresh_token_is_none(raw: str) -> None:
    """RT-14: malformed refresh tokens are told apart without an exception and without I/O."""
    assert parse_refresh_token(raw) is None


@given(st.text(max_size=80))
def test_no_text_makes_the_parser_raise(raw: str) -> None:
    """RT-14: whatever the client sends, the answer is a token or None."""
    token = parse_refresh_token(raw)
    assert token is None or token.encode() == raw


@given(st.text(alphabet="ABCwxyz0189-_", min_size=64, max_size=64))
def test_a_refresh_token_has_exactly_one_spelling(raw: str) -> None:
    """RT-14: what parses encodes to the very text it came from, so no second spelling exists."""
    token = parse_refresh_token(raw)
    assert token is not None
    assert token.encode() == raw


def test_a_refresh_token_survives_the_way_to_the_client_and_back() -> None:
    token = new_refresh_token()
    assert len(token.encode()) == 64
    assert (len(token.family), len(token.secret)) == (16, 32)
    assert parse_refresh_token(token.encode()) == token


def test_a_refresh_token_does_not_print_its_secrets() -> None:
    token = RefreshToken(family=b"F" * 16, secret=b"S" * 32)
    assert repr(token) == str(token) == "RefreshToken()"


def test_only_hashes_are_offered_for_storage() -> None:
    token = new_refresh_token()
    assert token.family_hash == hashlib.sha256(token.family).digest()
    assert token.secret_hash == hashlib.sha256(token.secret).digest()


def test_the_successor_follows_its_published_formula() -> None:
    secret, nonce = bytes(range(32)), bytes(range(32, 64))
    expected = hmac.new(secret, b"fbc refresh v1\0" + nonce, hashlib.sha256).digest()
    assert successor(secret, nonce) == expected
    assert len(expected) == 32


def test_the_same_token_and_nonce_have_one_successor_and_others_differ() -> None:
    token, nonce = new_refresh_token(), new_nonce()
    assert successor(token.secret, nonce) == successor(token.secret, nonce)
    assert successor(token.secret, new_nonce()) != successor(token.secret, nonce)
    assert successor(new_refresh_token().secret, nonce) != successor(token.secret, nonce)


def test_the_child_of_a_token_keeps_the_family_and_takes_the_successor() -> None:
    token, nonce = new_refresh_token(), new_nonce()
    child = token.child(nonce)
    assert child == RefreshToken(family=token.family, secret=successor(token.secret, nonce))
    assert child == token.child(nonce)
    assert child.encode() != token.encode()


def test_ten_thousand_tokens_are_distinct_and_uniform_in_every_bit() -> None:
    """RT-21: 384 random bits; no bit leans to one side (chi-squared per bit, bound at about 6 sigma)."""
    count = 10_000
    raw = [base64.urlsafe_b64decode(new_refresh_token().encode()) for _ in range(count)]
    assert len({data[:16] for data in raw}) == count
    assert len({data[16:] for data in raw}) == count
    numbers = [int.from_bytes(data, "big") for data in raw]
    for bit in range(384):
        ones = sum(number >> bit & 1 for number in numbers)
        chi_squared = (2 * ones - count) ** 2 / count
        assert chi_squared < 36, f"bit {bit} was set {ones} times of {count}"
