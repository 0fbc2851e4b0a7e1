"""What a payload may say. Every token here is signed by the right key: only its content is wrong."""

import json
from typing import Any

import pytest

from fastapi_beyond_crud.core.errors import TokenExpired, TokenInvalid
from fastapi_beyond_crud.tokens.access import AccessTokenCodec
from tests.tokens.forge import DROP, LIFETIME, NOW, Issuer, genuine_claims, genuine_payload, is_refused


def payload_with(name: str, literal: str) -> bytes:
    """A genuine payload whose member has this value, in JSON as it stands, valid or not."""
    text = json.dumps(genuine_payload(**{name: "@"}))
    return text.replace('"@"', literal).encode()


@pytest.mark.parametrize(
    "aud",
    [
        DROP,
        None,
        [],
        "",
        "https://other.example",
        "https://api.exampl",
        "https://api.example/",
        "HTTPS://API.EXAMPLE",
        {"https://api.example": 1},
        [1, "https://api.example"],
        ["https://api.example"],
        ["https://api.example", "https://other.example"],
        True,
        0,
    ],
)
def test_another_audience_is_refused(issuer: Issuer, codec: AccessTokenCodec, aud: Any) -> None:
    """TV-07: exactly our name; a list is refused even where it holds our name, as documented."""
    assert is_refused(codec, issuer.token(payload=genuine_payload(aud=aud)))


@pytest.mark.parametrize(
    "iss",
    [
        DROP,
        None,
        "",
        "issuer.example",
        "https://issuer.exampl",
        "https://issuer.example.evil",
        "https://issuer.example/",
        "HTTPS://issuer.example",
        ["https://issuer.example"],
        {},
        0,
    ],
)
def test_another_issuer_is_refused(issuer: Issuer, codec: AccessTokenCodec, iss: Any) -> None:
    """TV-08: no prefix, no case folding, no list."""
    assert is_refused(codec, issuer.token(payload=genuine_payload(iss=iss)))


@pytest.mark.parametrize(
    ("now", "leeway_seconds", "is_over"),
    [
        (NOW + 899, 0, False),
        (NOW + 899.999, 0, False),
        (NOW + 900, 0, True),
        (NOW + 901, 0, True),
        (NOW + 909, 10, False),
        (NOW + 909.999, 10, False),
        (NOW + 910, 10, True),
        (NOW + 911, 10, True),
    ],
)
def test_a_token_expires_at_the_exact_second(issuer: Issuer, now: float, leeway_seconds: int, is_over: bool) -> None:
    """TV-09: refused when exp <= now - leeway, told apart from invalid, and still good to log out with."""
    codec = issuer.codec(leeway=LIFETIME * leeway_seconds / 900)
    token = issuer.token()
    if is_over:
        with pytest.raises(TokenExpired):
            codec.decode(token, now=now)
    else:
        assert codec.decode(token, now=now) == genuine_claims()
    assert codec.decode_expired(token, now=now) == genuine_claims()


def test_an_expired_token_that_is_wrong_otherwise_is_invalid_and_not_expired(
    issuer: Issuer, codec: AccessTokenCodec
) -> None:
    """TV-09: the word "expired" is only for tokens that were once good."""
    later = NOW + 10_000
    signed, signature = issuer.token().rsplit(".", 1)
    forged = f"{signed}.{signature[:-4]}{'AAAA' if signature[-4:] != 'AAAA' else 'BBBB'}"
    assert is_refused(codec, forged, now=later)
    assert is_refused(codec, issuer.token(payload=genuine_payload(aud="other")), now=later)
    assert is_refused(codec, issuer.token(payload=genuine_payload(sid=DROP)), now=later)
    assert is_refused(codec, issuer.token(header=issuer.header(typ="JWT")), now=later)


@pytest.mark.parametrize("claim", ["nbf", "iat"])
@pytest.mark.parametrize(("ahead", "passes"), [(0, True), (5, True), (10, True), (11, False), (86_400, False)])
def test_a_token_from_the_future_is_refused_past_the_leeway(
    issuer: Issuer, codec: AccessTokenCodec, claim: str, ahead: int, passes: bool
) -> None:
    """TV-10: clocks may differ by the leeway and no more."""
    payload = genuine_payload(**{claim: NOW + ahead}, exp=NOW + ahead + 900) if claim == "iat" else None
    payload = payload or genuine_payload(nbf=NOW + ahead)
    assert is_refused(codec, issuer.token(payload=payload)) is not passes


@pytest.mark.parametrize("claim", ["exp", "iat", "auth_time", "av", "nbf"])
@pytest.mark.parametrize(
    "literal",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e400",
        "1e308",
        "1" + "0" * 4_000,
        "1" + "0" * 5_000,
        "9007199254740992",
        "true",
        "false",
        '"1999999999"',
        '"1750000000"',
        "null",
        "[]",
        "{}",
        "-1",
        "1750000000.0",
        "1750000000.5",
        "1.75e9",
        "[1750000000]",
    ],
    ids=lambda literal: literal[:20],
)
def test_a_number_that_is_no_plain_integer_is_refused(
    issuer: Issuer, codec: AccessTokenCodec, claim: str, literal: str
) -> None:
    """TV-11: no float, no bool, no digits in a string, nothing that overflows; and never a crash."""
    assert is_refused(codec, issuer.token(payload=payload_with(claim, literal)))


@pytest.mark.parametrize(
    ("seconds", "passes"),
    [(0, True), (900, True), (910, True), (911, False), (315_360_000, False), (-1, False)],
)
def test_a_token_may_not_live_longer_than_tokens_do(
    issuer: Issuer, codec: AccessTokenCodec, seconds: int, passes: bool
) -> None:
    """TV-12: exp - iat is at most the lifetime and the leeway, however good the signature."""
    token = issuer.token(payload=genuine_payload(exp=NOW + seconds))
    assert is_refused(codec, token) is not passes


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "sid", "jti", "iat", "exp", "auth_time", "av"])
def test_a_required_claim_may_not_be_missing(issuer: Issuer, codec: AccessTokenCodec, claim: str) -> None:
    """TV-13: absent and null are the same refusal."""
    assert is_refused(codec, issuer.token(payload=genuine_payload(**{claim: DROP})))
    assert is_refused(codec, issuer.token(payload=genuine_payload(**{claim: None})))


@pytest.mark.parametrize("claim", ["sub", "sid", "jti"])
@pytest.mark.parametrize(
    "value",
    [
        "",
        1,
        0,
        True,
        ["u"],
        {"u": 1},
        1.5,
        "x" * 256,
        "x" * 5_000,
        "a\0b",
        "a\nb",
        "a\x7fb",
        "a\x85b",
        "\ud800",
        "a\u202eb",
        "\ufeffa",
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_an_identifier_must_be_short_printable_text(
    issuer: Issuer, codec: AccessTokenCodec, claim: str, value: Any
) -> None:
    """TV-13, TV-14: empty, of another type, very long, or with characters that do not show."""
    assert is_refused(codec, issuer.token(payload=genuine_payload(**{claim: value})))


def test_an_identifier_is_text_to_the_codec_whatever_it_says(issuer: Issuer, codec: AccessTokenCodec) -> None:
    """TV-14: an SQL fragment is a harmless name here; whoever turns it into a key refuses it there."""
    claims = codec.decode(issuer.token(payload=genuine_payload(sub="1 OR 1=1")), now=NOW)
    assert claims.subject == "1 OR 1=1"
    assert codec.decode(issuer.token(payload=genuine_payload(sub="x" * 255)), now=NOW).subject == "x" * 255


@pytest.mark.parametrize("claim", ["roles", "amr"])
@pytest.mark.parametrize(
    "value",
    [None, "admin", {"admin": 1}, 1, True, [""], [1], [None], [["admin"]], ["admin", 1], ["a\0"], ["x" * 256]],
    ids=lambda value: ascii(value)[:20],
)
def test_a_list_of_names_holds_names_only(issuer: Issuer, codec: AccessTokenCodec, claim: str, value: Any) -> None:
    assert is_refused(codec, issuer.token(payload=genuine_payload(**{claim: value})))


def test_missing_roles_are_no_roles(issuer: Issuer, codec: AccessTokenCodec) -> None:
    claims = codec.decode(issuer.token(payload=genuine_payload(roles=DROP, amr=DROP)), now=NOW)
    assert (claims.roles, claims.amr) == ((), ())


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("claim", ["sub", "sid", "exp", "roles", "av"])
def test_a_payload_with_a_claim_twice_is_refused(
    issuer: Issuer, codec: AccessTokenCodec, claim: str, first: bool
) -> None:
    """TV-15: the last one wins in most parsers, and the first one in others."""
    text = json.dumps(genuine_payload())
    twice = f'{{"{claim}":"admin",{text[1:]}' if first else f'{text[:-1]},"{claim}":"admin"}}'
    assert is_refused(codec, issuer.token(payload=twice.encode()))


def test_a_claim_twice_is_refused_even_where_both_agree_or_it_is_nested(
    issuer: Issuer, codec: AccessTokenCodec
) -> None:
    """TV-15: also spelled with an escape, and also in a claim that nobody reads."""
    text = json.dumps(genuine_payload())
    for addition in ('"av":3', '"\\u0061v":3', '"x":{"y":1,"y":1}'):
        assert is_refused(codec, issuer.token(payload=f"{text[:-1]},{addition}}}".encode()))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_json_in_another_encoding_is_refused(issuer: Issuer, codec: AccessTokenCodec, encoding: str) -> None:
    """TV-20: UTF-8 without a byte order mark is the only one, in header and payload."""
    assert is_refused(codec, issuer.token(payload=json.dumps(genuine_payload()).encode(encoding)))
    assert is_refused(codec, issuer.token(header=json.dumps(issuer.header()).encode(encoding)))


@pytest.mark.parametrize("bad", [b"\xff", b"\xc0\xae", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\x80", b"\xc3"])
def test_invalid_and_overlong_utf8_is_refused(issuer: Issuer, codec: AccessTokenCodec, bad: bytes) -> None:
    """TV-20: also inside a string that nobody reads."""
    raw = json.dumps(genuine_payload(x="@")).encode().replace(b"@", bad)
    assert is_refused(codec, issuer.token(payload=raw))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"a"',
        b"1",
        b"{",
        b"{}",
        b"{'sub':'a'}",
        b"%s,",
        b"%s{}",
        b"%s//",
        b"/**/%s",
        b"%s\0",
        b"\x0b%s",
    ],
)
def test_what_is_no_json_object_is_refused(issuer: Issuer, codec: AccessTokenCodec, raw: bytes) -> None:
    genuine = json.dumps(genuine_payload()).encode()
    assert is_refused(codec, issuer.token(payload=raw.replace(b"%s", genuine)))


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_json_does_not_have_is_refused_even_where_nobody_reads_it(
    issuer: Issuer, codec: AccessTokenCodec, literal: str
) -> None:
    """TV-11, IN-01: other parsers fail on it, so no two readers would agree about the token."""
    assert is_refused(codec, issuer.token(payload=payload_with("x", literal)))
    header = json.dumps(issuer.header(x="@")).replace('"@"', literal).encode()
    assert is_refused(codec, issuer.token(header=header))


@pytest.mark.parametrize("depth", [100, 900, 2_900])
@pytest.mark.parametrize("brackets", ["[]", '{"a":}'])
def test_deep_nesting_is_refused_and_never_exhausts_the_stack(
    issuer: Issuer, codec: AccessTokenCodec, depth: int, brackets: str
) -> None:
    """TV-25: in a signed payload, as deep as 8 KiB allow, and in an unsigned header."""
    depth = min(depth, 5_000 // len(brackets))
    opening, closing = brackets[:-1], brackets[-1]
    nested = opening * depth + ("1" if opening != "[" else "") + closing * depth
    assert is_refused(codec, issuer.token(payload=payload_with("x", nested)))
    header = json.dumps(issuer.header(x="@")).replace('"@"', nested).encode()
    assert is_refused(codec, issuer.token(header=header))


def test_a_million_brackets_are_refused_by_their_length(issuer: Issuer, codec: AccessTokenCodec) -> None:
    """TV-25: depth 10^6, in the header and in the payload."""
    nested = b"[" * 1_000_000
    assert is_refused(codec, issuer.token(payload=nested))
    assert is_refused(codec, issuer.token(header=nested))


def test_claims_that_nobody_reads_are_let_through(issuer: Issuer, codec: AccessTokenCodec) -> None:
    """A later release, or another issuer with our key, may add some."""
    payload = genuine_payload(scope="a b", cnf={"jkt": "x"}, rate=1.5, deep=[[["x"]]], name="Zoë 😀")
    assert codec.decode(issuer.token(payload=payload), now=NOW) == genuine_claims()


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": ""},
        {"subject": "x" * 256},
        {"session_id": "a\nb"},
        {"token_id": ""},
        {"issued_at": -1},
        {"expires_at": NOW + 911},
        {"expires_at": NOW - 1},
        {"expires_at": NOW + 0.5},
        {"auth_version": 2**53},
        {"auth_version": True},
        {"roles": ("",)},
        {"roles": tuple(f"role-number-{number}-with-a-long-name" for number in range(300))},
    ],
    ids=lambda changes: ascii(changes)[:40],
)
def test_a_token_that_could_not_be_read_back_is_never_made(
    issuer: Issuer, codec: AccessTokenCodec, changes: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"claims|too long"):
        codec.encode(genuine_claims(**changes))


def test_the_errors_have_the_family_that_handlers_rely_on() -> None:
    assert issubclass(TokenExpired, TokenInvalid)
