"""One line of configuration. What is wrong is named, what is secret is not."""

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_beyond_crud.connections.redis import RedisLink
from fastapi_beyond_crud.connections.redis_url import Address, RedisKind, RedisTarget
from fastapi_beyond_crud.core.errors import ConfigurationError


@pytest.mark.parametrize(
    "url",
    [
        "",
        "redis",
        "redis:/host",
        "http://:s3cret@host",
        "postgresql://me:s3cret@host/db",
        "redis://:s3cret@host:port",
        "redis://:s3cret@host:99999",
        "redis://:s3cret@host:-1",
        "redis://:s3cret@host/zero",
        "redis://:s3cret@host/0/1",
        "redis://:s3cret@one,two/0",
        "redis://:s3cret@host?ssl_ca_certs=x",
        "redis://:s3cret@host?timeout=1",
        "rediss://:s3cret@host?ssl_cert_reqs=maybe",
        "redis+sentinel://:s3cret@host:26379",
        "redis+sentinel://:s3cret@host:26379/",
        "redis+cluster://:s3cret@host:7000/3",
        "redis+cluster://:s3cret@host:7000?db=3",
        "redis+ring://:s3cret@host",
        "unix://:s3cret@relative.sock",
    ],
)
def test_a_url_that_is_not_right_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        RedisLink.from_url(url)
    assert "s3cret" not in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None


@given(st.text(max_size=60), st.sampled_from(["", "redis://", "redis+sentinel://", "rediss+cluster://", "unix://"]))
def test_no_text_is_anything_but_a_target_or_a_refusal(text: str, scheme: str) -> None:
    try:
        RedisTarget.parse(scheme + text)
    except ConfigurationError:
        return


def test_the_scheme_that_is_wrong_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"redis\+cluster://.*no databases"):
        RedisTarget.parse("redis+cluster://host/1")


def test_a_single_server() -> None:
    target = RedisTarget.parse("redis://me:p%40ss%2Fword@cache.internal:6380/2")
    assert target.kind is RedisKind.SINGLE
    assert target.addresses == (Address(host="cache.internal", port=6380),)
    assert (target.username, target.password, target.db, target.tls) == ("me", "p@ss/word", 2, None)
    assert "p@ss" not in repr(target)


def test_what_is_left_out_is_usual() -> None:
    assert RedisTarget.parse("redis://").addresses == (Address(host="localhost", port=6379),)
    assert RedisTarget.parse("valkey://host").addresses == (Address(host="host", port=6379),)
    assert RedisTarget.parse("redis://:only-a-password@host").username is None
    assert RedisTarget.parse("redis://host?db=4").db == 4


def test_an_address_of_version_six_has_brackets() -> None:
    assert RedisTarget.parse("redis://[::1]:6380/0").addresses == (Address(host="::1", port=6380),)
    assert RedisTarget.parse("redis://[::1]").addresses == (Address(host="::1", port=6379),)


def test_a_socket() -> None:
    target = RedisTarget.parse("unix:///run/redis/redis.sock?db=3")
    assert target.addresses == (Address(path="/run/redis/redis.sock"),)
    assert target.db == 3


def test_sentinels() -> None:
    target = RedisTarget.parse("redis+sentinel://:p%3Aw@one:26380,two/primary?db=1&sentinel_password=q%26a")
    assert target.kind is RedisKind.SENTINEL
    assert target.addresses == (Address(host="one", port=26380), Address(host="two", port=26379))
    assert (target.service, target.db) == ("primary", 1)
    assert (target.password, target.sentinel_password) == ("p:w", "q&a")
    assert "q&a" not in repr(target)


def test_a_cluster() -> None:
    target = RedisTarget.parse("redis+cluster://one:7000,two:7001")
    assert target.kind is RedisKind.CLUSTER
    assert target.addresses == (Address(host="one", port=7000), Address(host="two", port=7001))


@pytest.mark.parametrize("scheme", ["rediss", "valkeys", "rediss+cluster"])
def test_an_encrypted_connection_checks_certificates(scheme: str) -> None:
    tls = RedisTarget.parse(f"{scheme}://host").tls
    assert tls is not None
    context = tls.context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_checking_certificates_can_be_switched_off_by_name_only() -> None:
    none = RedisTarget.parse("rediss://host?ssl_cert_reqs=none").tls
    no_name = RedisTarget.parse("rediss://host?ssl_check_hostname=false").tls
    assert none is not None
    assert no_name is not None
    assert none.context().verify_mode is ssl.CERT_NONE
    assert no_name.context().verify_mode is ssl.CERT_REQUIRED
    assert not no_name.context().check_hostname
