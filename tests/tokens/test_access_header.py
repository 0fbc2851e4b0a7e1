"""What a header may say: one algorithm, one type, one known key, and nothing that is looked up or fetched."""

import hashlib
import hmac
import json
import socket
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fastapi_beyond_crud.tokens.access import AccessTokenCodec
from fastapi_beyond_crud.tokens.jwks import public_jwk
from tests.tokens.forge import DROP, ISSUERS, Issuer, b64, genuine_claims, is_refused, public_pem


def test_the_forge_makes_tokens_that_pass_so_that_its_refusals_mean_something(
    issuer: Issuer, codec: AccessTokenCodec
) -> None:
    assert codec.decode(issuer.token(), now=1_750_000_000) == genuine_claims()


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", None, 0, True, ["HS256"], {}, DROP])
@pytest.mark.parametrize("signature", ["empty", "original", "junk"])
def test_an_unsigned_token_is_refused(issuer: Issuer, codec: AccessTokenCodec, alg: Any, signature: str) -> None:
    """TV-01: whatever `alg` claims, and whatever stands in place of the signature."""
    token = issuer.token(header=issuer.header(alg=alg))
    signed, original = token.rsplit(".", 1)
    chosen = {"empty": "", "original": original, "junk": b64(bytes(64))}[signature]
    assert is_refused(codec, f"{signed}.{chosen}")


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512", "RS256", "PS256", "ES256", "ES256K", "ES384", "EdDSA"])
def test_only_the_algorithm_of_the_key_passes(issuer: Issuer, codec: AccessTokenCodec, alg: str) -> None:
    """TV-02: a genuine signature under another name is refused."""
    token = issuer.token(header=issuer.header(alg=alg))
    assert is_refused(codec, token) == (alg != issuer.keyring.algorithm)


@pytest.mark.parametrize("change", [str.lower, str.swapcase, "{} ".format, " {}".format, "{}\0".format, "[{}]".format])
def test_the_algorithm_is_compared_exactly(issuer: Issuer, codec: AccessTokenCodec, change: Any) -> None:
    """TV-02: no case folding, no trimming."""
    assert is_refused(codec, issuer.token(header=issuer.header(alg=change(issuer.keyring.algorithm))))


@pytest.mark.parametrize("digest", ["sha384", "sha512"])
def test_a_longer_hmac_under_the_right_key_is_refused(digest: str) -> None:
    """TV-02: HS384 and HS512 with the HS256 key, correctly computed."""
    issuer = ISSUERS["HS256"]
    key = issuer.keyring.keys[0].material
    assert isinstance(key, bytes)
    alg = {"sha384": "HS384", "sha512": "HS512"}[digest]
    for name in (alg, "HS256"):
        token = issuer.token(
            header=issuer.header(alg=name), sign=lambda message: hmac.new(key, message, digest).digest()
        )
        assert is_refused(issuer.codec(), token)


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
@pytest.mark.parametrize("alg", ["HS256", "own"])
def test_the_public_key_is_no_hmac_secret(algorithm: str, alg: str) -> None:
    """TV-03: algorithm confusion with the public key in every spelling that an attacker can find."""
    issuer = ISSUERS[algorithm]
    codec = issuer.codec()
    for secret in _spellings_of_the_public_key(issuer):
        token = issuer.token(
            header=issuer.header(alg=algorithm if alg == "own" else alg),
            sign=lambda message, secret=secret: hmac.new(secret, message, hashlib.sha256).digest(),  # type: ignore[misc]
        )
        assert is_refused(codec, token)


def _spellings_of_the_public_key(issuer: Issuer) -> list[bytes]:
    key = issuer.public_key
    assert key is not None
    pem, jwk = public_pem(key), public_jwk(key)
    plain = [
        pem,
        pem.rstrip(b"\n"),
        key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
        json.dumps(jwk).encode(),
        json.dumps({"keys": [jwk]}).encode(),
        jwk["x"].encode(),
    ]
    return [*plain, *(b64(text).encode() for text in plain), *(b"\xef\xbb\xbf" + text for text in plain)]


@pytest.mark.parametrize("members", ["jwk", "x5c", "jku", "x5u", "all"])
def test_a_key_that_the_token_brings_along_is_ignored_and_nothing_is_fetched(members: str) -> None:
    """TV-04: an attacker's key in the header or behind its address; the listener sees no connection."""
    attacker = Ed25519PrivateKey.generate()
    jwk = public_jwk(attacker.public_key())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/keys"
        brought = {
            "jwk": jwk,
            "x5c": [b64(public_pem(attacker.public_key()))],
            "jku": address,
            "x5u": address,
        }
        chosen = brought if members == "all" else {members: brought[members]}
        issuer = ISSUERS["EdDSA"]
        for kid in (issuer.keyring.kid, "theirs", DROP):
            token = issuer.token(header=issuer.header(kid=kid, **chosen), sign=attacker.sign)
            assert is_refused(issuer.codec(), token)
        # The same members beside a genuine signature change nothing either.
        assert not is_refused(issuer.codec(), issuer.token(header=issuer.header(**chosen)))
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize(
    "typ",
    [
        DROP,
        None,
        "",
        "JWT",
        "jwt",
        5,
        ["at+jwt"],
        "AT+JWT",
        "at+JWT",
        "at+jwt ",
        "application/AT+jwt",
        "application/jwt",
        "refresh+jwt",
        "id_token",
        "dpop+jwt",
        "at+jwt;v=1",
    ],
)
def test_another_type_of_token_is_refused(issuer: Issuer, codec: AccessTokenCodec, typ: Any) -> None:
    """TV-05: signed by the right key, made for something else."""
    assert is_refused(codec, issuer.token(header=issuer.header(typ=typ)))


@pytest.mark.parametrize("typ", ["at+jwt", "application/at+jwt"])
def test_both_spellings_of_the_access_token_type_pass(issuer: Issuer, codec: AccessTokenCodec, typ: str) -> None:
    """TV-05: RFC 9068 section 4 allows the short and the full media type."""
    assert codec.decode(issuer.token(header=issuer.header(typ=typ)), now=1_750_000_000) == genuine_claims()


@pytest.mark.parametrize(
    "header",
    [
        b'{"alg":"none","alg":"%(alg)s","typ":"at+jwt","kid":"%(kid)s"}',
        b'{"alg":"%(alg)s","alg":"none","typ":"at+jwt","kid":"%(kid)s"}',
        b'{"alg":"%(alg)s","typ":"at+jwt","kid":"%(kid)s","kid":"other"}',
        b'{"alg":"%(alg)s","typ":"at+jwt","kid":"other","kid":"%(kid)s"}',
        b'{"alg":"%(alg)s","typ":"at+jwt","kid":"%(kid)s","\\u006bid":"%(kid)s"}',
        b'{"alg":"%(alg)s","typ":"at+jwt","kid":"%(kid)s","x":{"a":1,"a":2}}',
    ],
)
def test_a_header_with_a_member_twice_is_refused(issuer: Issuer, codec: AccessTokenCodec, header: bytes) -> None:
    """TV-15: two readers could each take another one."""
    filled = header % {b"alg": issuer.keyring.algorithm.encode(), b"kid": issuer.keyring.kid.encode()}
    assert is_refused(codec, issuer.token(header=filled))


@pytest.mark.parametrize(
    "extension",
    [
        {"crit": ["x"], "x": 1},
        {"crit": []},
        {"crit": "x"},
        {"crit": None},
        {"crit": ["b64"], "b64": False},
        {"crit": ["exp"], "exp": 1},
        {"crit": ["alg"]},
    ],
)
def test_a_critical_extension_is_refused(issuer: Issuer, codec: AccessTokenCodec, extension: dict[str, Any]) -> None:
    """TV-16: we understand none, so none may be critical."""
    assert is_refused(codec, issuer.token(header=issuer.header(**extension)))


@pytest.mark.parametrize(
    "kid",
    [
        DROP,
        "",
        1,
        None,
        {},
        [],
        True,
        "../../dev/null",
        "/etc/passwd",
        "x' UNION SELECT '1';--",
        "|sleep 5",
        "__proto__",
        "x" * 5_000,
        "\0",
        "\ud800",
    ],
    ids=lambda kid: ascii(kid)[:30],
)
def test_a_kid_is_a_name_and_nothing_more(issuer: Issuer, codec: AccessTokenCodec, kid: Any) -> None:
    """TV-26: no path, no query, no command; the answer comes at once."""
    token = issuer.token(header=issuer.header(kid=kid))
    begun = time.process_time()
    assert is_refused(codec, token)
    assert time.process_time() - begun < 0.05


def test_the_kid_of_another_keyring_is_refused(issuer: Issuer, codec: AccessTokenCodec) -> None:
    """TV-26: also in another case, or with a space behind."""
    own = issuer.keyring.kid
    others = [other.keyring.kid for other in ISSUERS.values() if other is not issuer]
    # One kid in two thousand has no letter, and is the same in another case.
    for kid in {*others, own.swapcase(), own + " ", own[:-1]} - {own}:
        assert is_refused(codec, issuer.token(header=issuer.header(kid=kid)))


@pytest.mark.parametrize("header", [b"", b"null", b"[]", b'"at+jwt"', b"1", b"{", b"{}", b"{'alg':'HS256'}", b"\xff"])
def test_a_header_that_is_no_json_object_is_refused(issuer: Issuer, codec: AccessTokenCodec, header: bytes) -> None:
    assert is_refused(codec, issuer.token(header=header))
