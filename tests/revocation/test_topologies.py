"""The same class on Sentinel, on a cluster, through a socket and through TLS."""

import asyncio
import contextlib
import socket
import ssl
import subprocess
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from fastapi_beyond_crud.connections.redis import RedisLink
from fastapi_beyond_crud.core.errors import Unavailable
from fastapi_beyond_crud.revocation.redis import RedisRevocationBackend
from fastapi_beyond_crud.revocation.redis_format import bucket_keys
from fastapi_beyond_crud.revocation.verdicts import LIVE, REVOKED, UNKNOWN, Verdict
from fastapi_beyond_crud.testing.revocation import RevocationBackendContract, claims_of, session_entry
from fastapi_beyond_crud.testing.servers import ServerLauncher
from fastapi_beyond_crud.testing.servers.binaries import redis_program
from tests.revocation.conftest import MakeBackend, MakeValkey
from tests.revocation.proxy import Proxy
from tests.revocation.store import Table
from tests.revocation.valkey import Valkey
from tests.revocation.waiting import known, until

SLOTS = 16_384
CLUSTER = ("--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--cluster-require-full-coverage", "no")


@contextlib.asynccontextmanager
async def sentinel_of(primary: Valkey, folder: Path) -> AsyncIterator[int]:
    """A Sentinel that gives up on its primary after half a second; its port."""
    config = folder / "sentinel.conf"
    config.write_text(
        f"sentinel monitor main 127.0.0.1 {primary.port} 1\n"
        "sentinel down-after-milliseconds main 500\n"
        "sentinel failover-timeout main 2000\n"
    )
    port = _free_port()
    words = [str(redis_program()), str(config), "--sentinel", "--port", str(port), "--bind", "127.0.0.1"]
    with (folder / "sentinel.log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, cwd=folder)
    client: Redis = Redis(port=port, protocol=2)
    try:
        await until(lambda: _answers(client))
        yield port
    finally:
        process.kill()
        process.wait()
        await client.aclose()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _answers(client: Redis) -> bool:
    try:
        return bool(await client.ping())
    except RedisConnectionError:
        return False


async def test_a_failover_by_sentinel_revives_nothing(
    valkey: Valkey, make_valkey: MakeValkey, table: Table, make_backend: MakeBackend, tmp_path: Path
) -> None:
    """RV-11, B-06: kill -9 of the primary; the replica takes over, and is believed about nothing it inherited."""
    await valkey.do("CONFIG", "SET", "repl-diskless-sync-delay", "0")
    replica = make_valkey("--replicaof", "127.0.0.1", str(valkey.port))

    async def attached() -> bool:
        return bool((await replica.client.info("replication"))["master_link_status"] == "up")

    await until(attached, seconds=10)
    async with sentinel_of(valkey, tmp_path) as port:
        observer: Redis = Redis(port=port, protocol=2, decode_responses=True)

        async def knows_the_replica() -> bool:
            return bool(await observer.sentinel_slaves("main"))

        # Sentinel asks the primary for its replicas when it starts, and every ten seconds.
        await until(knows_the_replica, seconds=25)
        # The first Sentinel of the URL is away as well.
        backend = await make_backend(f"redis+sentinel://127.0.0.1:1,127.0.0.1:{port}/main")
        people = [claims_of(str(uuid4()), str(uuid4())) for _ in range(12)]
        for claims in people:
            assert await known(backend, claims) == LIVE
        entries = [session_entry(claims.subject, claims.session_id) for claims in people]
        table.commit(*entries)
        await backend.push(entries)
        assert [await backend.check(claims) for claims in people] == [REVOKED] * 12
        valkey.kill()
        given: Counter[Verdict] = Counter()

        async def all_known() -> bool:
            now = [await backend.check(claims) for claims in people]
            given.update(now)
            return UNKNOWN not in now

        await until(all_known, seconds=20)
        assert set(given) == {UNKNOWN, REVOKED}
        # Sentinel and writes agree on the new primary.
        newcomer = claims_of(str(uuid4()), str(uuid4()))
        assert await known(backend, newcomer) == LIVE
        await backend.push([session_entry(newcomer.subject, newcomer.session_id)])
        assert await backend.check(newcomer) == REVOKED
        assert (await replica.client.info("replication"))["role"] == "master"
        await backend.close()
        await observer.aclose()


@pytest.fixture
async def cluster(make_valkey: MakeValkey) -> list[Valkey]:
    """A cluster to do harm to."""
    return await joined([make_valkey(*CLUSTER) for _ in range(3)])


@pytest.fixture(scope="module")
async def shared_cluster(server_launcher: ServerLauncher) -> AsyncIterator[list[Valkey]]:
    """A cluster to be left alone: it takes seconds to come together."""
    servers = [server_launcher.start_redis(*CLUSTER) for _ in range(3)]
    nodes = await joined([Valkey(server) for server in servers])
    yield nodes
    for node, server in zip(nodes, servers, strict=True):
        await node.client.aclose()
        server.stop()


async def joined(nodes: list[Valkey]) -> list[Valkey]:
    """Three primaries, without replicas; each slot has one."""
    for number, node in enumerate(nodes):
        first, last = SLOTS * number // 3, SLOTS * (number + 1) // 3 - 1
        await node.do("CLUSTER", "ADDSLOTSRANGE", first, last)
        await node.do("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
    for node in nodes[1:]:
        await nodes[0].do("CLUSTER", "MEET", "127.0.0.1", node.port)

    async def whole() -> bool:
        states = [_text(await node.do("CLUSTER", "INFO")) for node in nodes]
        return all("cluster_state:ok" in s and "cluster_known_nodes:3" in s and "slots_ok:16384" in s for s in states)

    await until(whole, seconds=20)
    return nodes


def _text(answer: Any) -> str:
    return answer.decode() if isinstance(answer, bytes) else "\n".join(f"{k}:{v}" for k, v in answer.items())


def cluster_url(nodes: list[Valkey]) -> str:
    return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in nodes)


class TestCluster(RevocationBackendContract):
    @pytest.fixture
    async def backend(self, shared_cluster: list[Valkey], make_backend: MakeBackend) -> RedisRevocationBackend:
        return await make_backend(cluster_url(shared_cluster))

    async def ready(self, backend: Any, user: str) -> None:
        await known(backend, claims_of(user, "nobody's"))


async def test_a_node_that_loses_its_data_revives_nothing_and_the_others_go_on(
    cluster: list[Valkey], table: Table, make_backend: MakeBackend
) -> None:
    """RV-10: kill -9 of one of three, and an empty restart."""
    backend = await make_backend(cluster_url(cluster))
    people = [claims_of(str(uuid4()), str(uuid4())) for _ in range(60)]
    for claims in people:
        assert await known(backend, claims) == LIVE
    out = people[:30]
    entries = [session_entry(claims.subject, claims.session_id) for claims in out]
    table.commit(*entries)
    await backend.push(entries)
    assert await asyncio.gather(*(backend.check(claims) for claims in people)) == [REVOKED] * 30 + [LIVE] * 30

    cluster[1].kill()
    during: Counter[Verdict] = Counter()
    for _ in range(20):
        verdicts = await asyncio.gather(*(backend.check(claims) for claims in people))
        during.update(verdicts)
        assert LIVE not in verdicts[:30]
    # The two that are there answer for two thirds of the people, whatever happens to the third.
    assert during[REVOKED] >= 20 * 10
    assert during[LIVE] >= 20 * 10
    assert during[UNKNOWN] > 0
    with pytest.raises(Unavailable):
        await backend.push(entries)

    await cluster[1].start()

    async def all_known() -> bool:
        verdicts = await asyncio.gather(*(backend.check(claims) for claims in people))
        assert LIVE not in verdicts[:30]
        return UNKNOWN not in verdicts

    await until(all_known, seconds=20)
    assert await asyncio.gather(*(backend.check(claims) for claims in people)) == [REVOKED] * 30 + [LIVE] * 30
    await backend.close()


async def test_a_slot_that_moves_is_followed_and_its_bucket_is_built_again(
    cluster: list[Valkey], table: Table, make_backend: MakeBackend
) -> None:
    """MOVED: the bucket arrives with the other server's name on it, or not at all."""
    backend = await make_backend(cluster_url(cluster))
    claims = claims_of(str(uuid4()), str(uuid4()))
    assert await known(backend, claims) == LIVE
    entry = session_entry(claims.subject, claims.session_id)
    key = bucket_keys("test")[entry.bucket]
    slot = await cluster[0].do("CLUSTER", "KEYSLOT", key)
    old = next(node for n, node in enumerate(cluster) if SLOTS * n // 3 <= slot < SLOTS * (n + 1) // 3)
    new = next(node for node in cluster if node is not old)
    old_id, new_id = (await old.do("CLUSTER", "MYID")), (await new.do("CLUSTER", "MYID"))
    await new.do("CLUSTER", "SETSLOT", slot, "IMPORTING", old_id)
    await old.do("CLUSTER", "SETSLOT", slot, "MIGRATING", new_id)
    await old.do("MIGRATE", "127.0.0.1", new.port, key, 0, 1000)
    table.commit(entry)
    assert await backend.check(claims) == UNKNOWN
    for node in (new, old):
        await node.do("CLUSTER", "SETSLOT", slot, "NODE", new_id)
    assert await known(backend, claims, seconds=10) == REVOKED
    assert await new.do("EXISTS", key) == 1
    await backend.close()


async def test_a_node_that_gives_up_its_slots_is_let_go(
    cluster: list[Valkey], table: Table, make_backend: MakeBackend
) -> None:
    """A cluster that shrinks: no connection is kept to a server that holds nothing."""
    link = RedisLink.from_url(cluster_url(cluster))
    backend = RedisRevocationBackend(link, table.load, prefix="test")
    await backend.start()
    people = [claims_of(str(uuid4()), str(uuid4())) for _ in range(30)]
    for claims in people:
        assert await known(backend, claims) == LIVE
    assert len(link.lanes()) == 3
    losses = backend.losses
    first, last = SLOTS * 2 // 3, SLOTS - 1
    for node in cluster:
        await node.do("CLUSTER", "DELSLOTSRANGE", first, last)
    await cluster[0].do("CLUSTER", "ADDSLOTSRANGE", first, last)
    await cluster[0].do("CLUSTER", "BUMPEPOCH")

    async def two_are_left() -> bool:
        await asyncio.gather(*(backend.check(claims) for claims in people))
        return len(link.lanes()) == 2

    await until(two_are_left, seconds=20)
    assert backend.losses >= losses
    for claims in people:
        assert await known(backend, claims, seconds=10) == LIVE
    await backend.close()


async def test_a_cluster_that_is_away_is_unknown_and_found_later(
    make_valkey: MakeValkey, make_backend: MakeBackend
) -> None:
    """Nobody knows yet which server to ask."""
    node = make_valkey(*CLUSTER)
    await node.do("CLUSTER", "ADDSLOTSRANGE", 0, SLOTS - 1)
    node.kill()
    backend = await make_backend(f"redis+cluster://127.0.0.1:{node.port}")
    claims = claims_of(str(uuid4()), str(uuid4()))
    for _ in range(3):
        assert await backend.check(claims) == UNKNOWN
    await node.start()
    assert await known(backend, claims, seconds=15) == LIVE
    await backend.close()


async def test_sentinels_that_are_away_or_know_no_primary_are_unknown(
    valkey: Valkey, make_backend: MakeBackend, tmp_path: Path
) -> None:
    """The start goes on: they may come."""
    away = await make_backend("redis+sentinel://127.0.0.1:1/main")
    async with sentinel_of(valkey, tmp_path) as port:
        ignorant = await make_backend(f"redis+sentinel://127.0.0.1:{port}/other?sentinel_password=none")
        for backend in (away, ignorant):
            assert await backend.check(claims_of("u", "s")) == UNKNOWN
            with pytest.raises(Unavailable):
                await backend.push([session_entry("u", "s")])
            await backend.close()


async def test_a_sentinel_that_names_a_replica_is_not_followed(
    valkey: Valkey, make_backend: MakeBackend, tmp_path: Path
) -> None:
    """In the middle of a failover it may still name the server that was just demoted."""
    async with sentinel_of(valkey, tmp_path) as port:
        await valkey.do("REPLICAOF", "127.0.0.1", "1")
        backend = await make_backend(f"redis+sentinel://127.0.0.1:{port}/main")
        assert await backend.check(claims_of("u", "s")) == UNKNOWN
        assert backend.losses == 0
        await valkey.do("REPLICAOF", "NO", "ONE")
        assert await known(backend, claims_of("u", "s")) == LIVE
        await backend.close()


class TestUnixSocket(RevocationBackendContract):
    @pytest.fixture
    async def backend(
        self, make_valkey: MakeValkey, make_backend: MakeBackend, tmp_path: Path
    ) -> RedisRevocationBackend:
        make_valkey("--unixsocket", str(tmp_path / "s"))
        return await make_backend(f"unix://{tmp_path}/s?db=1")

    async def ready(self, backend: Any, user: str) -> None:
        await known(backend, claims_of(user, "nobody's"))


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 that nobody has signed but itself, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path, secret = folder / "cert.pem", folder / "key.pem"
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, secret)
    return path, context


async def test_an_unknown_certificate_is_not_talked_to_and_a_known_one_is(
    valkey: Valkey, table: Table, tmp_path: Path
) -> None:
    """rediss://: a man in the middle would learn the password, and could say LIVE."""
    path, context = certificate(tmp_path)
    claims = claims_of(str(uuid4()), str(uuid4()))
    async with Proxy(valkey.port, tls=context) as proxy:
        base = f"rediss://127.0.0.1:{proxy.port}/0"
        stranger = RedisRevocationBackend(RedisLink.from_url(base), table.load, prefix="test")
        await stranger.start()
        assert await stranger.check(claims) == UNKNOWN
        with pytest.raises(Unavailable):
            await stranger.push([session_entry(claims.subject, claims.session_id)])
        await stranger.close()
        friend = RedisRevocationBackend(RedisLink.from_url(f"{base}?ssl_ca_certs={path}"), table.load, prefix="test")
        await friend.start()
        assert await known(friend, claims) == LIVE
        await friend.push([session_entry(claims.subject, claims.session_id)])
        assert await friend.check(claims) == REVOKED
        await friend.close()
