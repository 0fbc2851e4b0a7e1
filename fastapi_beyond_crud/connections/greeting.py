"""What is said first on a new connection, and who answers."""

import asyncio
import secrets
from dataclasses import dataclass, field

from fastapi_beyond_crud.connections.resp import ErrorReply, Reply, pack
from fastapi_beyond_crud.connections.wire import Answer, Wire

PRESENCE = b"presence"
"""Stands for the run id of a server that does not tell it."""


class GreetingRefused(ConnectionError):
    """The server is there and does not let us in, or is not the one we look for.

    Attributes:
        kind: The first word of the server's error, or ``ROLE``.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """What is said first on a new connection."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    db: int = 0
    primary_only: bool = False
    """Refuse a server that says it is a replica."""


async def greet(loop: asyncio.AbstractEventLoop, wire: Wire, greeting: Greeting) -> None:
    """Log in, and learn the run id of the server: afterwards it is the identity of the wire.

    PRESENCE stands for a run id that is hidden. A replica gets a name that nothing else has.

    Raises:
        GreetingRefused: The server does not let us in, or is not the one we look for.
        ConnectionResetError: It ended the connection.
    """
    questions = [pack(b"INFO", b"server"), pack(b"INFO", b"replication")]
    if greeting.db:
        questions.insert(0, pack(b"SELECT", b"%d" % greeting.db))
    if greeting.password is not None:
        words = [word.encode() for word in (greeting.username, greeting.password) if word is not None]
        questions.insert(0, pack(b"AUTH", *words))
    futures: list[asyncio.Future[Answer | None]] = [loop.create_future() for _ in questions]
    wire.send(b"".join(questions), futures)
    replies = [answer[1] if answer is not None else None for answer in await asyncio.gather(*futures)]
    *entry, server, replication = replies
    for reply in entry:
        if isinstance(reply, ErrorReply):
            raise GreetingRefused(reply.kind)
    if isinstance(server, ErrorReply) and server.kind in ("NOAUTH", "LOADING"):
        raise GreetingRefused(server.kind)
    if wire.broken:
        raise ConnectionResetError("the server ended the greeting")
    is_primary = _line(replication, b"role:") in (None, b"master")
    if greeting.primary_only and not is_primary:
        raise GreetingRefused("ROLE")
    # A replica may be behind, and its data is a copy: nobody has built anything on it, so it has a name of its own.
    wire.identity = (_line(server, b"run_id:") or PRESENCE) if is_primary else secrets.token_hex(20).encode()


def _line(text: Reply, name: bytes) -> bytes | None:
    if isinstance(text, bytes):
        for line in text.splitlines():
            if line.startswith(name):
                return line[len(name) :].strip()
    return None
