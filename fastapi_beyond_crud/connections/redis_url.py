"""One line of configuration that says where Redis is, however it is run."""

from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import parse_qsl, unquote

from fastapi_beyond_crud.connections.tls import TlsOptions
from fastapi_beyond_crud.core.errors import ConfigurationError

REDIS_PORT = 6379
SENTINEL_PORT = 26379


class RedisKind(Enum):
    """How the servers are put together."""

    SINGLE = "single"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


SCHEMES: dict[str, tuple[RedisKind, bool]] = {
    f"{name}{tls}{joint}": (kind, bool(tls))
    for name in ("redis", "valkey")
    for tls in ("", "s")
    for joint, kind in (("", RedisKind.SINGLE), ("+sentinel", RedisKind.SENTINEL), ("+cluster", RedisKind.CLUSTER))
} | {"unix": (RedisKind.SINGLE, False)}
"""Scheme -> what stands there, and whether it speaks TLS."""

_FORMS = "redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://"
_TLS_NAMES = frozenset({"ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname"})
_NAMES = frozenset({"db", "sentinel_username", "sentinel_password"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A host and a port, or the path of a socket."""

    host: str = ""
    port: int = REDIS_PORT
    path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisTarget:
    """What a Redis URL says. Passwords do not print.

    Attributes:
        addresses: The server; or the Sentinels; or some nodes of the cluster.
        service: The name under which the Sentinels know the primary.
        tls: None for a connection in the clear.
    """

    kind: RedisKind
    addresses: tuple[Address, ...]
    service: str = ""
    db: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    sentinel_username: str | None = None
    sentinel_password: str | None = field(default=None, repr=False)
    tls: TlsOptions | None = None

    @classmethod
    def parse(cls, url: str) -> "RedisTarget":
        """Read a URL.

        ``redis://user:password@host:6379/0`` · ``rediss://...`` (TLS) · ``unix:///path/to.sock?db=0`` ·
        ``redis+sentinel://host1:26379,host2:26379/service?db=0`` · ``redis+cluster://host1:7000,host2:7001``.
        User and password are percent-decoded. ``valkey`` may stand for ``redis``.

        Raises:
            ConfigurationError: It cannot be understood. The message names the scheme and the part, never the
                user, the password or the host.
        """
        scheme, separator, rest = url.strip().partition("://")
        scheme = scheme.lower()
        if not separator or scheme not in SCHEMES:
            raise ConfigurationError(f"A Redis URL begins with {_FORMS}")
        try:
            return cls._of_parts(scheme, rest)
        except ValueError as error:
            # Our own sentences only: urllib and int() would repeat what they were given.
            raise ConfigurationError(f"A {scheme}:// URL is not right: {error}") from None

    @classmethod
    def _of_parts(cls, scheme: str, rest: str) -> "RedisTarget":
        kind, encrypted = SCHEMES[scheme]
        rest, _, query = rest.partition("?")
        credentials, _, place = rest.rpartition("@")
        username, _, password = credentials.partition(":")
        options = _options(query, _NAMES | _TLS_NAMES if encrypted else _NAMES)
        hosts, _, path = place.partition("/")
        db = options.get("db", "0")
        if scheme == "unix":
            addresses: tuple[Address, ...] = (Address(path=_socket(place)),)
        else:
            addresses = tuple(_address(host, kind) for host in hosts.split(","))
        if kind is RedisKind.SINGLE and scheme != "unix":
            db = path or db
            if len(addresses) > 1:
                raise ValueError("one host only; for several use redis+sentinel:// or redis+cluster://")
        if kind is RedisKind.SENTINEL and not path:
            raise ValueError("the name of the service is missing, as in redis+sentinel://host:26379/mymaster")
        if kind is RedisKind.CLUSTER and (path or db != "0"):
            raise ValueError("a cluster has no databases")
        return cls(
            kind=kind,
            addresses=addresses,
            service=unquote(path) if kind is RedisKind.SENTINEL else "",
            db=_whole(db, "the database", 1_000_000),
            username=unquote(username) or None,
            password=unquote(password) or None,
            sentinel_username=options.get("sentinel_username"),
            sentinel_password=options.get("sentinel_password"),
            tls=_tls(options) if encrypted else None,
        )


def _options(query: str, names: frozenset[str]) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    unknown = sorted(set(options) - names)
    if unknown:
        raise ValueError(f"the option {unknown[0][:40]!r} is unknown here; there are {', '.join(sorted(names))}")
    return options


def _tls(options: dict[str, str]) -> TlsOptions:
    return TlsOptions.of({name: value for name, value in options.items() if name in _TLS_NAMES})


def _socket(place: str) -> str:
    if not place.startswith("/"):
        raise ValueError("the path of the socket is absolute: unix:///run/redis.sock")
    return unquote(place)


def _address(text: str, kind: RedisKind) -> Address:
    host, colon, port = text.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = text, ""
    host = host.removeprefix("[").removesuffix("]")
    usual = SENTINEL_PORT if kind is RedisKind.SENTINEL else REDIS_PORT
    return Address(host=host or "localhost", port=_whole(port, "the port", 65_535) if port else usual)


def _whole(text: str, what: str, largest: int) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or int(text) > largest:
        raise ValueError(f"{what} is not a number between 0 and {largest}")
    return int(text)
