"""Which keys are taken, how they follow each other, and what of them is shown."""

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from fastapi_beyond_crud.core.errors import ConfigurationError
from fastapi_beyond_crud.tokens.access import AccessTokenCodec
from fastapi_beyond_crud.tokens.derivation import derive_key
from fastapi_beyond_crud.tokens.keyring import Keyring
from fastapi_beyond_crud.tokens.keys import AsymmetricAlgorithm
from tests.tokens.forge import (
    LEEWAY,
    LIFETIME,
    NOW,
    Issuer,
    b64,
    es256_issuer,
    genuine_claims,
    genuine_payload,
    is_refused,
    private_pem,
    public_pem,
)

ED25519 = private_pem(ed25519.Ed25519PrivateKey.generate())
P256 = private_pem(ec.generate_private_key(ec.SECP256R1()))
OWN: dict[AsymmetricAlgorithm, bytes] = {"EdDSA": ED25519, "ES256": P256}

GOOD_SECRET = secrets.token_bytes(32)

WEAK_SECRETS = [
    b"",
    b"\0",
    b"a",
    b"secret",
    b"password",
    b"changeme",
    b"your-256-bit-secret",
    b"0123456789abcdef",
    hashlib.sha256(b"a byte short").digest()[:31],
    b"a" * 32,
    bytes(32),
    b"\xff" * 64,
    b"ab" * 16,
    b"abcdefg" * 5,
    b"0123456789abcdef" * 2,
    hashlib.sha256(b"half").digest()[:16] * 2,
    b"0123456789abcdef0123456789abcdef0",
    bytes(range(32)),
    bytes(range(64, 32, -1)),
    bytes(range(0, 96, 3)),
    b"changeme-changeme-please-1234567890",
    b"CHANGE_ME before you go to production",
    b"my super secret key for signing tokens",
    b"the-password-of-the-administrator!",
]


def codec_of(keyring: Keyring) -> AccessTokenCodec:
    return AccessTokenCodec(
        keyring, issuer="https://issuer.example", audience="https://api.example", lifetime=LIFETIME, leeway=LEEWAY
    )


@pytest.mark.parametrize("secret", WEAK_SECRETS, ids=lambda secret: ascii(secret)[2:30])
@pytest.mark.parametrize("place", ["signing", "previous"])
def test_a_weak_secret_stops_the_start_and_is_not_printed(secret: bytes, place: str) -> None:
    """KM-01, TV-27: short, repeated, counted up, or a placeholder; as the signing key and as a previous one."""
    good = secrets.token_bytes(32)
    with pytest.raises(ConfigurationError) as caught:
        Keyring.symmetric(secret) if place == "signing" else Keyring.symmetric(good, [secret])
    if len(secret) >= 8:
        shown = str(caught.value) + repr(caught.value)
        assert not any(form in shown for form in (repr(secret), secret.decode("latin-1"), secret.hex()))


@pytest.mark.parametrize("secret", [b"", b"\0", b"secret", b"changeme", b"a" * 32, b"your-256-bit-secret"])
def test_a_token_signed_with_a_known_secret_is_refused(secret: bytes) -> None:
    """TV-27: as it stands and derived as ours is, under our own key's name."""
    keyring = Keyring.symmetric(secrets.token_bytes(32))
    for key in (secret, derive_key(secret, "access")):
        issuer = Issuer(keyring=keyring, sign=lambda message, key=key: hmac.new(key, message, hashlib.sha256).digest())  # type: ignore[misc]
        assert is_refused(codec_of(keyring), issuer.token())


def refused_pems() -> dict[str, bytes]:
    ed = ed25519.Ed25519PrivateKey.generate()
    point = ec.generate_private_key(ec.SECP256R1())
    encrypted = ed.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"passphrase"))
    return {
        "RSA 1024": private_pem(rsa.generate_private_key(65537, 1024)),  # noqa: S505
        "RSA 2048": private_pem(rsa.generate_private_key(65537, 2048)),
        "DSA": private_pem(dsa.generate_private_key(1024)),  # noqa: S505
        "P-384": private_pem(ec.generate_private_key(ec.SECP384R1())),
        "P-521": private_pem(ec.generate_private_key(ec.SECP521R1())),
        "secp256k1": private_pem(ec.generate_private_key(ec.SECP256K1())),
        "brainpool": private_pem(ec.generate_private_key(ec.BrainpoolP256R1())),
        "Ed448": private_pem(ed448.Ed448PrivateKey.generate()),
        "X25519": private_pem(x25519.X25519PrivateKey.generate()),
        "unknown curve": _with_an_unknown_curve(point.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())),
        "encrypted": encrypted,
        "OpenSSH": ed.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()),
        "DER": ed.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
        "OpenSSH public": point.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
        "damaged": ED25519.replace(b"M", b"N", 1),
        "cut": P256[:80],
        "empty": b"",
        "text": b"secret",
        "path": b"/etc/passwd",
        "not UTF-8": b"\xff\xfe-----BEGIN PRIVATE KEY-----",
    }


def _with_an_unknown_curve(der: bytes) -> bytes:
    """The same key, said to lie on prime192v3, which the cryptography package does not implement."""
    prime256v1, prime192v3 = bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d030103")
    assert prime256v1 in der
    text = base64.b64encode(der.replace(prime256v1, prime192v3))
    return b"-----BEGIN PRIVATE KEY-----\n" + text + b"\n-----END PRIVATE KEY-----\n"


REFUSED_PEMS = refused_pems()


@pytest.mark.parametrize("name", REFUSED_PEMS)
@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
@pytest.mark.parametrize("place", ["signing", "previous"])
def test_a_key_of_another_kind_stops_the_start_and_is_not_printed(
    name: str, algorithm: AsymmetricAlgorithm, place: str
) -> None:
    """KM-02: Ed25519 and P-256 are all there is."""
    pem = REFUSED_PEMS[name]
    with pytest.raises(ConfigurationError) as caught:
        if place == "signing":
            Keyring.asymmetric(pem, algorithm)
        else:
            Keyring.asymmetric(OWN[algorithm], algorithm, [pem])
    assert caught.value.__cause__ is None
    assert len(pem) < 8 or pem.decode("latin-1") not in str(caught.value)


@pytest.mark.parametrize("place", ["signing", "previous"])
def test_the_two_algorithms_do_not_mix(place: str) -> None:
    """KM-03: one family in one keyring, in either place."""
    for pem, algorithm in ((P256, "EdDSA"), (ED25519, "ES256")):
        with pytest.raises(ConfigurationError):
            if place == "signing":
                Keyring.asymmetric(pem, algorithm)  # type: ignore[arg-type]
            else:
                Keyring.asymmetric(OWN[algorithm], algorithm, [pem])  # type: ignore[arg-type,index]


def test_keyrings_cannot_be_put_together_from_two_families() -> None:
    """KM-03: not by hand either."""
    symmetric, pair = Keyring.symmetric(secrets.token_bytes(32)), Keyring.asymmetric(P256, "ES256")
    with pytest.raises(ConfigurationError, match="algorithm"):
        Keyring(pair._signer, symmetric.keys)


@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "none", "", "eddsa", None])
def test_a_key_pair_has_one_of_two_algorithms(algorithm: Any) -> None:
    """KM-02: the name is compared exactly."""
    with pytest.raises(ConfigurationError):
        Keyring.asymmetric(ED25519, algorithm)


def test_a_public_key_cannot_sign() -> None:
    with pytest.raises(ConfigurationError):
        Keyring.asymmetric(public_pem(ed25519.Ed25519PrivateKey.generate().public_key()), "EdDSA")


def test_the_same_key_twice_is_refused() -> None:
    """KM-03: also where one is the public part of the other."""
    secret = secrets.token_bytes(32)
    private = ed25519.Ed25519PrivateKey.generate()
    pem, public = private_pem(private), public_pem(private.public_key())
    for previous in ([secret], [GOOD_SECRET, GOOD_SECRET]):
        with pytest.raises(ConfigurationError, match="twice"):
            Keyring.symmetric(secret, previous)
    for signing, others in ((pem, [public]), (pem, [pem]), (ED25519, [pem, public])):
        with pytest.raises(ConfigurationError, match="twice"):
            Keyring.asymmetric(signing, "EdDSA", others)


def new_key(algorithm: str) -> bytes:
    if algorithm == "HS256":
        return secrets.token_bytes(32)
    key = ed25519.Ed25519PrivateKey.generate() if algorithm == "EdDSA" else ec.generate_private_key(ec.SECP256R1())
    return private_pem(key)


def keyring_of(algorithm: str, signing: bytes, *previous: bytes) -> Keyring:
    if algorithm == "HS256":
        return Keyring.symmetric(signing, previous)
    return Keyring.asymmetric(signing, algorithm, previous)  # type: ignore[arg-type]


@pytest.mark.parametrize("algorithm", ["HS256", "EdDSA", "ES256"])
def test_a_key_is_rotated_without_logging_anybody_out(algorithm: str) -> None:
    """KM-04: tokens of the old key pass while it is among the previous, and die when it is removed."""
    first, second = new_key(algorithm), new_key(algorithm)
    old = codec_of(keyring_of(algorithm, first)).encode(genuine_claims())
    during, after = codec_of(keyring_of(algorithm, second, first)), codec_of(keyring_of(algorithm, second))
    assert during.decode(old, now=NOW) == genuine_claims()
    new = during.encode(genuine_claims())
    assert during.decode(new, now=NOW) == after.decode(new, now=NOW) == genuine_claims()
    assert is_refused(after, old)


@pytest.mark.parametrize("algorithm", ["HS256", "EdDSA", "ES256"])
def test_dropping_a_key_at_once_ends_all_its_tokens(algorithm: str) -> None:
    """KM-05: the emergency rotation; the replaced codec starts with an empty memory."""
    first, second = new_key(algorithm), new_key(algorithm)
    before = codec_of(keyring_of(algorithm, first))
    token = before.encode(genuine_claims())
    assert before.decode(token, now=NOW) == genuine_claims()
    assert is_refused(codec_of(keyring_of(algorithm, second)), token)
    assert is_refused(codec_of(keyring_of(algorithm, second, new_key(algorithm))), token)


@pytest.mark.parametrize("algorithm", ["HS256", "EdDSA", "ES256"])
def test_a_key_published_before_it_signs_is_already_known_elsewhere(algorithm: str) -> None:
    """KM-04: the two steps of a rolling change; the process that still signs with the old key reads both."""
    first, second = new_key(algorithm), new_key(algorithm)
    waiting = codec_of(keyring_of(algorithm, first, second))
    for codec in (codec_of(keyring_of(algorithm, second, first)), waiting):
        assert waiting.decode(codec.encode(genuine_claims()), now=NOW) == genuine_claims()


def test_a_token_of_one_key_under_the_name_of_another_is_refused() -> None:
    """KM-04, TV-26: the name chooses the key, and the key decides."""
    first, second = new_key("HS256"), new_key("HS256")
    both, only_first = keyring_of("HS256", second, first), keyring_of("HS256", first)
    issuer = Issuer(keyring=both, sign=only_first.sign)
    assert is_refused(codec_of(both), issuer.token(header=issuer.header(kid=both.kid)))
    assert not is_refused(codec_of(both), issuer.token(header=issuer.header(kid=only_first.kid)))


def test_a_symmetric_key_is_never_published() -> None:
    """KM-08: the set is empty, and the key's name reveals nothing about it."""
    secret = secrets.token_bytes(32)
    keyring = Keyring.symmetric(secret, [secrets.token_bytes(32)])
    assert keyring.jwks() == {"keys": []}
    assert len(keyring.kid) == 16
    key = derive_key(secret, "access")
    assert keyring.kid not in {hashlib.sha256(text).hexdigest()[:16] for text in (secret, key)}


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
def test_only_the_public_parts_are_published(algorithm: AsymmetricAlgorithm) -> None:
    """KM-08: no d, p, q or k, the signing key first, previous ones too."""
    pems = [new_key(algorithm) for _ in range(3)]
    keyring = Keyring.asymmetric(pems[0], algorithm, pems[1:])
    published = keyring.jwks()["keys"]
    assert [jwk["kid"] for jwk in published] == [key.kid for key in keyring.keys]
    assert published[0]["kid"] == keyring.kid
    members = {"kty", "crv", "x", "alg", "use", "kid"} | ({"y"} if algorithm == "ES256" else set())
    for jwk in published:
        assert set(jwk) == members
        assert (jwk["alg"], jwk["use"]) == (algorithm, "sig")
    assert json.loads(json.dumps(keyring.jwks())) == keyring.jwks()


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
def test_another_library_verifies_our_tokens_with_the_published_keys(algorithm: AsymmetricAlgorithm) -> None:
    """KM-08: what is published is all that others need."""
    keyring = Keyring.asymmetric(new_key(algorithm), algorithm)
    token = codec_of(keyring).encode(genuine_claims())
    key = jwt.PyJWK(keyring.jwks()["keys"][0])
    payload = jwt.decode(
        token,
        key,
        algorithms=[algorithm],
        issuer="https://issuer.example",
        audience="https://api.example",
        options={"verify_exp": False},
    )
    assert payload == genuine_payload()
    assert jwt.get_unverified_header(token) == {"alg": algorithm, "typ": "at+jwt", "kid": keyring.kid}


def test_a_program_that_has_the_secret_can_verify() -> None:
    """KM-07: the derivation is the published one, HKDF with the info of access tokens."""
    secret = secrets.token_bytes(32)
    token = codec_of(Keyring.symmetric(secret)).encode(genuine_claims())
    signed, signature = token.rsplit(".", 1)
    extracted = hmac.new(bytes(32), secret, "sha256").digest()
    key = hmac.new(extracted, b"fastapi-beyond-crud access v1\x01", "sha256").digest()
    assert b64(hmac.new(key, signed.encode(), "sha256").digest()) == signature


def test_a_p256_key_in_sec_1_form_is_taken() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    sec1 = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    assert Keyring.asymmetric(sec1, "ES256").kid == Keyring.asymmetric(private_pem(key), "ES256").kid


def test_every_signature_of_es256_is_sixty_four_bytes() -> None:
    """RFC 7518 section 3.4: r and s keep their leading zeros; one in 128 signatures has some."""
    keyring = es256_issuer().keyring
    signatures = [keyring.sign(str(number).encode()) for number in range(600)]
    assert {len(signature) for signature in signatures} == {64}
    assert any(signature[0] == 0 or signature[32] == 0 for signature in signatures)


def test_nothing_prints_a_key() -> None:
    """KM-01: not the keyring, not its keys, not their formatted forms."""
    secret = secrets.token_bytes(32)
    for keyring in (Keyring.symmetric(secret), Keyring.asymmetric(ED25519, "EdDSA")):
        shown = f"{keyring!r} {keyring} {keyring.keys!r} {keyring._signer!r}"
        assert keyring.kid in shown
        key = keyring.keys[0].material
        assert repr(key) not in shown
        assert repr(secret) not in shown
        assert not isinstance(key, bytes) or (key.hex() not in shown and base64.b64encode(key).decode() not in shown)


def test_looking_up_an_unknown_key_gives_none() -> None:
    keyring = Keyring.symmetric(secrets.token_bytes(32))
    assert keyring.find("nobody") is None
    assert keyring.find(keyring.kid) is keyring.keys[0]
