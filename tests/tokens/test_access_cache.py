"""What is remembered of verified tokens: only what passed, only for its time, and only so many."""

from typing import Any

import pytest

from fastapi_beyond_crud.core.errors import ConfigurationError, TokenExpired
from fastapi_beyond_crud.tokens.access import AccessTokenCodec
from tests.tokens.forge import ISSUERS, LEEWAY, LIFETIME, NOW, Issuer, genuine_claims, is_refused


def test_a_remembered_token_still_expires_at_the_exact_second(issuer: Issuer, codec: AccessTokenCodec) -> None:
    """TV-09: the cache may not lengthen a life."""
    token = issuer.token()
    for now in (NOW, NOW + 899, NOW + 909.999):
        assert codec.decode(token, now=now) == genuine_claims()
    for now in (NOW + 910, NOW + 911, NOW + 86_400):
        with pytest.raises(TokenExpired):
            codec.decode(token, now=now)


def test_a_remembered_token_lends_its_trust_to_no_other_spelling(issuer: Issuer, codec: AccessTokenCodec) -> None:
    """TV-19, TV-21: the look-up is by the exact text."""
    token = issuer.token()
    codec.decode(token, now=NOW)
    signed, signature = token.rsplit(".", 1)
    for text in (
        token + "=",
        token + "\n",
        " " + token,
        signed + ".",
        signed,
        f"{signed}.{signature[:-1]}",
        token.upper(),
    ):
        assert is_refused(codec, text)


def test_a_remembered_token_is_not_decoded_again(issuer: Issuer, codec: AccessTokenCodec) -> None:
    token = issuer.token()
    first = codec.decode(token, now=NOW)
    # A string of its own, as each request brings one; the claims are the very object made before.
    assert codec.decode("".join(token), now=NOW + 1) is first
    assert issuer.codec(cache_size=0).decode(token, now=NOW) is not first


def test_failures_are_never_remembered(issuer: Issuer, codec: AccessTokenCodec) -> None:
    """A token from the near future is refused now and good later."""
    token = issuer.token()
    assert is_refused(codec, token, now=NOW - 11)
    assert codec.decode(token, now=NOW - 10) == genuine_claims()


def test_log_out_with_an_expired_token_does_not_bring_it_back(issuer: Issuer, codec: AccessTokenCodec) -> None:
    token = issuer.token()
    assert codec.decode_expired(token, now=NOW + 910) == genuine_claims()
    with pytest.raises(TokenExpired):
        codec.decode(token, now=NOW + 910)


def test_the_oldest_token_is_forgotten_first_and_the_cache_never_grows_past_its_size() -> None:
    issuer = ISSUERS["HS256"]
    codec = issuer.codec(cache_size=3)
    tokens = [codec.encode(genuine_claims(token_id=f"token-{number}")) for number in range(5)]
    seen = [codec.decode(token, now=NOW) for token in tokens]
    for remembered in (2, 3, 4):
        assert codec.decode(tokens[remembered], now=NOW) is seen[remembered]
    # From the younger to the older: reading a forgotten token remembers it again, in place of another.
    for forgotten in (1, 0):
        again = codec.decode(tokens[forgotten], now=NOW)
        assert again == seen[forgotten]
        assert again is not seen[forgotten]


@pytest.mark.parametrize(
    ("limits", "complaint"),
    [
        ({"issuer": ""}, "issuer"),
        ({"audience": ""}, "audience"),
        ({"lifetime": LIFETIME * 0}, "hour"),
        ({"lifetime": -LIFETIME}, "hour"),
        ({"lifetime": LIFETIME * 4.01}, "hour"),
        ({"leeway": -LEEWAY}, "leeway"),
        ({"leeway": LEEWAY * 6.1}, "leeway"),
        ({"cache_size": -1}, "cache"),
    ],
    ids=str,
)
def test_limits_out_of_bounds_stop_the_start(limits: dict[str, Any], complaint: str) -> None:
    """TV-09, TV-12: an hour at most, a minute of leeway at most."""
    arguments: dict[str, Any] = {"issuer": "i", "audience": "a", "lifetime": LIFETIME, "leeway": LEEWAY}
    keyring = ISSUERS["HS256"].keyring
    AccessTokenCodec(keyring, **arguments | {"lifetime": LIFETIME * 4, "leeway": LEEWAY * 6})
    with pytest.raises(ConfigurationError, match=complaint):
        AccessTokenCodec(keyring, **arguments | limits)
