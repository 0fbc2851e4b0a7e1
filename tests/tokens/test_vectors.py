"""Published vectors first: RFC 7515, 7638, 8037, 5869; then signatures that only look like ones."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from fastapi_beyond_crud.tokens.base64url import decode_segment, encode_segment
from fastapi_beyond_crud.tokens.derivation import derive_key, hkdf_sha256
from fastapi_beyond_crud.tokens.jwks import public_jwk, thumbprint
from fastapi_beyond_crud.tokens.keys import VerifyKey, private_key
from tests.tokens.forge import ISSUERS, P256_ORDER, Issuer, b64, is_refused, private_pem, unb64

JOE = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

RFC7515_A1 = f"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{JOE}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
RFC7515_A1_KEY = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"

RFC7515_A3 = (
    f"eyJhbGciOiJFUzI1NiJ9.{JOE}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
)
RFC7515_A3_X = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
RFC7515_A3_Y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"

RFC8037_A = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    ".hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)
RFC8037_D = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
RFC8037_X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"


def p256_numbers() -> EllipticCurvePublicNumbers:
    x, y = (int.from_bytes(decode_segment(part), "big") for part in (RFC7515_A3_X, RFC7515_A3_Y))
    return EllipticCurvePublicNumbers(x, y, SECP256R1())


VECTORS = {
    "RFC 7515 A.1": (
        RFC7515_A1,
        VerifyKey(kid="a1", algorithm="HS256", material=decode_segment(RFC7515_A1_KEY)),
    ),
    "RFC 7515 A.3": (RFC7515_A3, VerifyKey(kid="a3", algorithm="ES256", material=p256_numbers().public_key())),
    "RFC 8037 A.4": (
        RFC8037_A,
        VerifyKey(
            kid="a4",
            algorithm="EdDSA",
            material=Ed25519PublicKey.from_public_bytes(decode_segment(RFC8037_X)),
        ),
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_the_published_signature_verifies_and_no_changed_bit_does(name: str) -> None:
    token, key = VECTORS[name]
    signed, signature = token.rsplit(".", 1)
    raw = decode_segment(signature)
    assert key.verify(signed.encode(), raw)
    assert not key.verify(signed.encode() + b"A", raw)
    for bit in range(len(raw) * 8):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not key.verify(signed.encode(), bytes(flipped))


def test_ed25519_makes_the_published_signature() -> None:
    """RFC 8037 appendix A.4; the signature is deterministic."""
    pem = private_pem(Ed25519PrivateKey.from_private_bytes(decode_segment(RFC8037_D)))
    signed, signature = RFC8037_A.rsplit(".", 1)
    assert encode_segment(private_key(pem, "EdDSA").sign(signed.encode())) == signature


def test_the_thumbprint_of_rfc_7638() -> None:
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3"
        "oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdA"
        "ZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-"
        "kEgU8awapJzKnqDKgw"
    )
    assert thumbprint({"e": "AQAB", "kty": "RSA", "n": modulus}) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_the_thumbprint_of_rfc_8037_names_an_ed25519_key() -> None:
    """RFC 8037 appendix A.3."""
    pem = private_pem(Ed25519PrivateKey.from_private_bytes(decode_segment(RFC8037_D)))
    assert private_key(pem, "EdDSA").verifier.kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_a_p256_key_becomes_the_jwk_it_was_published_as() -> None:
    """RFC 7515 appendix A.3."""
    expected = {"kty": "EC", "crv": "P-256", "x": RFC7515_A3_X, "y": RFC7515_A3_Y}
    assert public_jwk(p256_numbers().public_key()) == expected


def test_hkdf_gives_the_first_test_case_of_rfc_5869() -> None:
    """RFC 5869 appendix A.1."""
    made = hkdf_sha256(
        b"\x0b" * 22,
        salt=bytes.fromhex("000102030405060708090a0b0c"),
        info=bytes.fromhex("f0f1f2f3f4f5f6f7f8f9"),
        length_bytes=42,
    )
    assert made.hex() == ("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")


def test_hkdf_without_salt_gives_the_third_test_case_of_rfc_5869() -> None:
    """RFC 5869 appendix A.3: empty salt, as ours is."""
    made = hkdf_sha256(b"\x0b" * 22, salt=b"", info=b"", length_bytes=42)
    assert made.hex() == ("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")


def test_each_purpose_has_a_key_of_its_own() -> None:
    """KM-07: no key of one purpose is the key, or part of the key, of another."""
    secret = ISSUERS["HS256"].keyring.keys[0].material
    assert isinstance(secret, bytes)
    purposes = ["access", "access kid", "csrf", "state", "a", "ccess"]
    keys = [derive_key(secret, purpose) for purpose in purposes]
    assert len({*keys, secret}) == len(purposes) + 1
    assert {len(key) for key in keys} == {32}
    with pytest.raises(ValueError, match="purpose"):
        derive_key(secret, "")


@pytest.mark.parametrize("size", range(8))
def test_base64url_has_one_spelling_for_each_value(size: int) -> None:
    """RFC 7515 appendix C: the standard library's text without its padding."""
    data = bytes(range(250, 250 + min(size, 6))) + bytes(max(0, size - 6))
    text = encode_segment(data)
    assert text == base64.urlsafe_b64encode(data).decode().rstrip("=")
    assert decode_segment(text) == data


@pytest.mark.parametrize("text", ["A", "AAAAA", "AB", "AAB", "AA==", "AA=", "A A", "AA\n", "+A", "/A", "é", "\ud800"])
def test_base64url_that_is_not_canonical_is_refused(text: str) -> None:
    """TV-18: at the level of one segment."""
    with pytest.raises(ValueError, match=r"."):
        decode_segment(text)


def odd_signatures(issuer: Issuer, signature: bytes) -> dict[str, bytes]:
    """What a careless verifier has been known to believe."""
    half = len(signature) // 2
    first, second = signature[:half], signature[half:]
    zero, one, order = bytes(half), bytes(half - 1) + b"\x01", P256_ORDER.to_bytes(32, "big")
    odd = {
        "empty": b"",
        "zero": zero + zero,
        "ones": b"\xff" * len(signature),
        "cut": signature[:-1],
        "cut in half": first,
        "a byte more": signature + b"\x00",
        "a byte before": b"\x00" + signature,
        "twice": signature + signature,
        "halves swapped": second + first,
        "reversed": signature[::-1],
    }
    if issuer.keyring.algorithm == "HS256":
        return odd | {"as hex": signature.hex().encode(), "as base64": b64(signature).encode()}
    odd |= {
        f"{left} and {right}": a + b
        for left, a in {"r": first, "0": zero, "1": one, "n": order}.items()
        for right, b in {"s": second, "0": zero, "1": one, "n": order}.items()
        if (left, right) != ("r", "s")
    }
    r, s = int.from_bytes(first, "big"), int.from_bytes(second, "big")
    odd["DER"] = encode_dss_signature(r, s)
    odd["twin with negative r"] = ((P256_ORDER - r) % P256_ORDER).to_bytes(32, "big") + second
    return odd


def test_signatures_that_only_look_like_ones_are_refused(issuer: Issuer) -> None:
    """TV-28: zero, one and the order in place of r or s, DER in place of raw, cut, doubled, swapped."""
    codec = issuer.codec()
    signed, signature = issuer.token().rsplit(".", 1)
    odd = odd_signatures(issuer, unb64(signature))
    believed = [name for name, raw in odd.items() if not is_refused(codec, f"{signed}.{b64(raw)}")]
    assert believed == []


def test_an_ed25519_signature_with_s_above_the_order_is_refused() -> None:
    """TV-19, TV-28: RFC 8032 section 5.1.7; adding the order to s must not give a second valid signature."""
    issuer = ISSUERS["EdDSA"]
    order = 2**252 + 27742317777372353535851937790883648493
    signed, signature = issuer.token().rsplit(".", 1)
    point, s = unb64(signature)[:32], int.from_bytes(unb64(signature)[32:], "little")
    assert not is_refused(issuer.codec(), f"{signed}.{signature}")
    malleated = point + (s + order).to_bytes(32, "little")
    assert is_refused(issuer.codec(), f"{signed}.{b64(malleated)}")
