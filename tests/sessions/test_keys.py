"""Signing keys over the life of an application: three algorithms, rotation, and what others are told."""

import base64
import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.sessions.rows import assert_dead, assert_refused
from tests.support.application import Application, running, settings_for
from tests.support.process import Forge, environment_for

ALGORITHMS = ["HS256", "EdDSA", "ES256"]


class Key:
    """A key that signs, and what remains of it when it only verifies, as settings."""

    def __init__(self, algorithm: str) -> None:
        self.algorithm = algorithm
        if algorithm == "HS256":
            self.text = secrets.token_urlsafe(32)
            self.public = self.text
            return
        private = (
            ed25519.Ed25519PrivateKey.generate() if algorithm == "EdDSA" else ec.generate_private_key(ec.SECP256R1())
        )
        self.text = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        self.public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def settings(self, *previous: "Key") -> dict[str, Any]:
        """This key signs; tokens of the previous ones are still accepted."""
        older = ",".join(key.public for key in previous)
        if self.algorithm == "HS256":
            return {"secret_key": self.text, "previous_secret_keys": older}
        names = {"signing_key": self.text, "previous_verify_keys": older}
        return {"algorithm": self.algorithm, "secret_key": None, **names}


@pytest.fixture
def issuer() -> str:
    """The name that an application keeps over its restarts."""
    return f"test-{secrets.token_hex(6)}"


@pytest.fixture(params=ALGORITHMS)
def keys(request: pytest.FixtureRequest) -> Iterator[tuple[Key, Key]]:
    """Two keys of one algorithm."""
    yield Key(request.param), Key(request.param)


def kid_of(access_token: str) -> str:
    head = access_token.split(".")[0]
    kid: str = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"]
    return kid


async def test_a_dropped_key_kills_its_access_tokens_and_no_session(
    database_url: str, redis_url: str, issuer: str, keys: tuple[Key, Key]
) -> None:
    """KM-05: emergency rotation; refresh tokens are opaque and hang on no key."""
    first, second = keys
    async with running(settings=settings_for(database_url, redis_url, issuer=issuer, **first.settings())) as before:
        session = await before.signed_in()
    async with running(settings=settings_for(database_url, redis_url, issuer=issuer, **second.settings())) as after:
        assert_dead(await after.me(session))
        renewed = await after.refreshed(session)
        assert (await after.me(renewed)).status_code == 200
        assert renewed.session_id == session.session_id


async def test_tokens_of_the_previous_key_live_until_it_is_dropped(
    database_url: str, redis_url: str, issuer: str, keys: tuple[Key, Key]
) -> None:
    """KM-04: nobody is signed out while both keys are accepted, and new tokens come from the new one."""
    first, second = keys

    def settings(**given: Any) -> Any:
        return settings_for(database_url, redis_url, issuer=issuer, **given)

    async with running(settings=settings(**first.settings())) as before:
        session = await before.signed_in()
    async with running(settings=settings(**second.settings(first))) as between:
        assert (await between.me(session)).status_code == 200
        renewed = await between.refreshed(session)
        assert kid_of(renewed.access_token) != kid_of(session.access_token)
        await between.http.post("/auth/logout", headers=(other := await between.signed_in()).headers)
        assert_dead(await between.me(other))
    async with running(settings=settings(**second.settings())) as after:
        assert_dead(await after.me(session))
        assert (await after.me(renewed)).status_code == 200


async def test_two_processes_rotate_in_an_emergency(database_url: str, redis_url: str, smith: Forge) -> None:
    """KM-05: restarted one after the other with another secret."""
    async with smith.served(environment_for(database_url, redis_url), count=2) as processes:
        session = await processes[0].signed_in()
        secret = secrets.token_urlsafe(32)
        for process in processes:
            await process.stop()
            await process.start(AUTH_SECRET_KEY=secret)
        for process in processes:
            assert_dead(await process.me(session))
        renewed = await processes[1].refreshed(session)
        assert (await processes[0].me(renewed)).status_code == 200


async def test_a_token_of_another_algorithm_is_dead_after_a_change_of_it(database_url: str, issuer: str) -> None:
    """Two families of keys in one verifier would let a public key be taken for a secret."""
    session = None
    for algorithm in ALGORITHMS:
        settings = settings_for(database_url, issuer=issuer, **Key(algorithm).settings())
        async with running(settings=settings) as application:
            if session is not None:
                assert_dead(await application.me(session))
                session = await application.refreshed(session)
            session = session or await application.signed_in()
            assert (await application.me(session)).status_code == 200


async def test_the_whole_flow_works_with_each_algorithm(
    database_url: str, redis_url: str, keys: tuple[Key, Key]
) -> None:
    settings = settings_for(database_url, redis_url, **keys[0].settings())
    async with running(settings=settings) as application:
        session = await application.refreshed(await application.signed_in())
        await application.granted(session.person, "user")
        assert (await application.http.get("/books", headers=session.headers)).status_code == 200
        await application.http.post("/auth/logout", headers=session.headers)
        assert_dead(await application.me(session))
        assert_refused(await application.refresh(session.refresh_token))


async def keys_of(application: Application) -> Any:
    answer = await application.http.get("/.well-known/jwks.json")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=300"
    return answer.json()


async def test_a_shared_secret_is_never_published(database_url: str) -> None:
    """KM-08"""
    async with running(settings=settings_for(database_url)) as application:
        for path in ("/.well-known/jwks.json", "/auth/.well-known/jwks.json"):
            assert (await application.http.get(path)).status_code == 404
        assert "/.well-known/jwks.json" not in application.app.openapi()["paths"]


# RFC 9864 would rather call it Ed25519 and has few followers yet.
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
async def test_others_can_verify_with_what_is_published_and_learn_nothing_else(
    database_url: str, algorithm: str
) -> None:
    """KM-08: another library checks our tokens with the published keys, the previous one's too."""
    first, second = Key(algorithm), Key(algorithm)
    settings = settings_for(database_url, **second.settings(first))
    async with running(settings=settings) as application:
        published = await keys_of(application)
        session = await application.signed_in()
        issuer = application.auth.settings.issuer
    allowed = {"kty", "crv", "x", "y", "kid", "alg", "use", "key_ops"}
    assert set(published) == {"keys"}
    assert len(published["keys"]) == 2
    for key in published["keys"]:
        assert set(key) <= allowed
        assert key["alg"] == algorithm
    assert published["keys"][0]["kid"] == kid_of(session.access_token)
    known = KeySet.import_key_set(published)
    claims = jwt.decode(session.access_token, known, algorithms=[algorithm]).claims
    assert claims["iss"] == issuer
    assert claims["sub"] == session.person.id
