"""The text of a token: one form, one alphabet, one spelling, bounded in size, and every bit of it signed."""

import json
import random
import string
import time

import pytest

from fastapi_beyond_crud.tokens.access import AccessTokenCodec
from tests.tokens.forge import (
    ISSUERS,
    NOW,
    P256_ORDER,
    Issuer,
    b64,
    genuine_claims,
    genuine_payload,
    is_refused,
    unb64,
)

ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


def test_only_the_compact_form_of_three_segments_is_read(issuer: Issuer, codec: AccessTokenCodec) -> None:
    """TV-17: JSON serialisations, other numbers of segments, encrypted tokens, detached payloads."""
    token = issuer.token()
    header, payload, signature = token.split(".")
    flattened = {"protected": header, "payload": payload, "signature": signature}
    general = {"payload": payload, "signatures": [{"protected": header, "signature": signature}]}
    for text in (
        json.dumps(flattened),
        json.dumps(general),
        json.dumps([token]),
        f"{header}.{payload}",
        f"{header}.{payload}.",
        f".{payload}.{signature}",
        f"{header}..{signature}",
        f"{token}.",
        f".{token}",
        f"{token}.{signature}",
        f"{header}.{payload}.{signature}.{signature}.{signature}",
        f"{token} {token}",
        f"{token},{token}",
        f"Bearer {token}",
        header,
        "..",
    ):
        assert is_refused(codec, text)


@pytest.mark.parametrize("segment", [0, 1, 2])
@pytest.mark.parametrize(
    "foreign", ["=", "==", " ", "\t", "\n", "\r\n", "?", "!!!!", "+", "/", "\u00e9", "\uff21", "%3D"]
)
def test_a_foreign_character_anywhere_is_refused(
    issuer: Issuer, codec: AccessTokenCodec, segment: int, foreign: str
) -> None:
    """TV-18: most decoders skip such characters, and so give one token many spellings."""
    parts = issuer.token().split(".")
    whole = parts[segment]
    for spelled in (whole + foreign, foreign + whole, whole[:5] + foreign + whole[5:]):
        assert is_refused(codec, ".".join([*parts[:segment], spelled, *parts[segment + 1 :]]))


@pytest.mark.parametrize("padding", [1, 2])
def test_bits_behind_the_end_of_the_data_are_refused(issuer: Issuer, codec: AccessTokenCodec, padding: int) -> None:
    """TV-18: the last character of a segment may carry unused bits, which must be zero.

    The altered segment decodes to the same bytes. Where it is the header or the payload, the signature is made
    over the altered spelling, so nothing else is wrong with the token.
    """
    found = 0
    for filler in ("", "x", "xx"):
        head, body = json.dumps(issuer.header(x=filler)).encode(), json.dumps(genuine_payload(x=filler)).encode()
        for position in (0, 1):
            segments = [b64(head), b64(body)]
            if -len(segments[position]) % 4 != padding:
                continue
            last = ALPHABET.index(segments[position][-1])
            segments[position] = segments[position][:-1] + ALPHABET[last + 1]
            assert unb64(segments[position]) == (head, body)[position]
            signed = ".".join(segments)
            assert is_refused(codec, f"{signed}.{b64(issuer.sign(signed.encode()))}")
            found += 1
    assert found == 2


def test_the_unused_bits_of_a_signature_are_refused(issuer: Issuer, codec: AccessTokenCodec) -> None:
    """TV-18, TV-19: all other last characters that decode to the very same signature."""
    signed, signature = issuer.token().rsplit(".", 1)
    same = [char for char in ALPHABET if unb64(signature[:-1] + char) == unb64(signature)]
    assert len(same) == (4 if len(unb64(signature)) == 32 else 16)
    accepted = [char for char in same if not is_refused(codec, f"{signed}.{signature[:-1]}{char}")]
    assert accepted == [signature[-1]]


def test_a_revoked_token_has_no_second_spelling_with_another_name() -> None:
    """TV-19: the twin (r, n - s) of an ES256 signature verifies, and names the very same session and token.

    Revocation is keyed on the session, so the twin is as revoked as its original. A padded spelling is refused.
    """
    issuer = ISSUERS["ES256"]
    codec = issuer.codec()
    token = issuer.token()
    signed, signature = token.rsplit(".", 1)
    r, s = unb64(signature)[:32], int.from_bytes(unb64(signature)[32:], "big")
    twin = f"{signed}.{b64(r + (P256_ORDER - s).to_bytes(32, 'big'))}"
    assert twin != token
    original, second = codec.decode(token, now=NOW), codec.decode(twin, now=NOW)
    assert (second.session_id, second.token_id) == (original.session_id, original.token_id)
    assert second == original
    assert is_refused(codec, token + "=")


def test_no_bit_of_a_token_can_be_changed(issuer: Issuer, codec: AccessTokenCodec) -> None:
    """TV-21: every bit of the signature, and 256 sampled bits of the rest."""
    header, payload, signature = issuer.token().split(".")
    raw = unb64(signature)
    for bit in range(len(raw) * 8):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        assert is_refused(codec, f"{header}.{payload}.{b64(bytes(flipped))}")
    signed = f"{header}.{payload}"
    dice = random.Random(21)  # noqa: S311
    for position in dice.sample(range(len(signed)), 256):
        altered = signed[:position] + dice.choice(ALPHABET) + signed[position + 1 :]
        assert altered == signed or is_refused(codec, f"{altered}.{signature}")


def test_parts_of_two_genuine_tokens_do_not_make_a_third(issuer: Issuer, codec: AccessTokenCodec) -> None:
    """TV-21: payloads swapped between two users, signatures swapped, signature stripped or from another key."""
    mine, yours = issuer.token(), issuer.token(payload=genuine_payload(sub="somebody-else"))
    assert codec.decode(mine, now=NOW).subject != codec.decode(yours, now=NOW).subject
    (header, my_payload, my_signature), (_, your_payload, your_signature) = mine.split("."), yours.split(".")
    for text in (
        f"{header}.{your_payload}.{my_signature}",
        f"{header}.{my_payload}.{your_signature}",
        f"{header}.{my_payload}",
        f"{header}.{my_payload}.",
        f"{header}.{my_payload}.{header}",
    ):
        assert is_refused(codec, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        ".",
        "..",
        "...",
        ".....",
        "\0",
        "a.b.c",
        "a.b.\0",
        "\ud800",
        "\ud800.\udfff.\ud800",
        "😀.😀.😀",
        "null",
        "undefined",
        "Bearer",
        "{}",
        "\u0661.\u0662.\u0663",
        "A.A.A",
        "AAAAA.AAAAA.AAAAA",
    ],
    ids=ascii,
)
def test_hostile_text_is_refused_without_a_crash(codec: AccessTokenCodec, text: str) -> None:
    """TV-22: a lone surrogate reaches the codec through a JSON field."""
    assert is_refused(codec, text)


def test_a_lone_surrogate_inside_a_genuine_token_is_refused(issuer: Issuer, codec: AccessTokenCodec) -> None:
    """TV-22: at every border of the token."""
    token = issuer.token()
    for position in (0, 1, token.index("."), token.rindex("."), len(token)):
        assert is_refused(codec, token[:position] + "\ud800" + token[position:])


@pytest.mark.parametrize("size", [8_193, 65_536, 1_000_000])
def test_size_is_checked_before_any_work(issuer: Issuer, codec: AccessTokenCodec, size: int) -> None:
    """TV-23: also for a token that is genuine in all else; a megabyte costs no measurable time."""
    signed_too_long = issuer.token(payload=genuine_payload(x="y" * size))
    assert len(signed_too_long) > size
    texts = ["A" * size, "." * size, ".".join(["A" * (size // 3)] * 3) + "A" * 3, signed_too_long]
    for text in texts:
        begun = time.process_time()
        assert is_refused(codec, text)
        assert time.process_time() - begun < 0.02


def test_a_token_of_exactly_eight_kib_is_read(issuer: Issuer, codec: AccessTokenCodec) -> None:
    """TV-23: the limit itself is on the good side."""
    about = (8_192 - len(issuer.token(payload=genuine_payload(x="")))) * 3 // 4
    tokens = [issuer.token(payload=genuine_payload(x="y" * size)) for size in range(about - 3, about + 3)]
    longest = max((token for token in tokens if len(token) <= 8_192), key=len)
    shortest = min((token for token in tokens if len(token) > 8_192), key=len)
    assert len(longest) >= 8_190
    assert codec.decode(longest, now=NOW) == genuine_claims()
    assert is_refused(codec, shortest)
