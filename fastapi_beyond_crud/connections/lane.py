"""One own connection to one server, shared by many small questions.

Questions of one tick of the event loop go out in one write, answers come back in order. There is no task and
no lock on the way: a question costs a future and its share of two system calls. Redis clients that hand out one
connection a command cannot do that, which is why the few lines of protocol are here.
"""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import cast

from fastapi_beyond_crud.connections.breaker import Breaker
from fastapi_beyond_crud.connections.redis_url import Address
from fastapi_beyond_crud.connections.resp import ErrorReply, Malformed, Reply, pack, read_reply
from fastapi_beyond_crud.connections.tls import TlsOptions

_log = logging.getLogger(__name__)

ANSWER_SECONDS = 0.05
CONNECT_SECONDS = 1.0
SECOND_LOOK_SECONDS = 0.002

PRESENCE = b"presence"
"""Stands for the run id of a server that does not tell it."""

Answer = tuple[bytes, Reply]
"""The run id of the server that answered, and what it said. PRESENCE where that is hidden; of a replica a name that
nothing else has."""


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


class Wire(asyncio.Protocol):
    """Bytes out, answers in. Broken once is broken for good: a half-read answer meets nobody."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.identity = b""
        self.on_broken: Callable[[Wire], None] | None = None
        self._answer_seconds = CONNECT_SECONDS
        self._breaker = Breaker()
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._owed: deque[tuple[float, list[asyncio.Future[Answer | None]]]] = deque()
        self._next = 0
        self._timer: asyncio.TimerHandle | None = None
        self.broken = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        # A cast: the transports of uvloop are no subclasses, they only behave so.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio."""
        self.break_off()

    def serve(self, breaker: Breaker, on_broken: Callable[["Wire"], None]) -> None:
        """The greeting is over: from now on 50 ms count, and so do errors."""
        self.on_broken, self._breaker, self._answer_seconds = on_broken, breaker, ANSWER_SECONDS
        if self._timer is not None:
            # It was set for the greeting, which may take longer than a question.
            self._timer.cancel()
            self._timer = None

    def send(self, data: bytes, futures: list[asyncio.Future[Answer | None]]) -> None:
        """Ask the questions in ``data``; each future gets its answer, or None if that never comes."""
        if self.broken or self._transport is None or self._transport.is_closing():
            _answer_all(futures, None)
            self.break_off()
            return
        now = self._loop.time()
        self._owed.append((now, futures))
        self._transport.write(data)
        if self._timer is None:
            self._timer = self._loop.call_at(now + self._answer_seconds, self._look)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        if self._buffer:
            data = self._buffer + data
        at, owed = 0, self._owed
        try:
            while owed and (reply := read_reply(data, at)) is not None:
                at = reply[1]
                self._give(reply[0])
        except Malformed:
            self.break_off()
            return
        self._buffer = data[at:]
        if self._buffer and not owed:
            # Nobody asked. From here on question and answer might be out of step.
            self.break_off()
            return
        if at:
            self._breaker.succeeded()

    def _give(self, reply: Reply) -> None:
        futures = self._owed[0][1]
        future = futures[self._next]
        self._next += 1
        if self._next == len(futures):
            self._owed.popleft()
            self._next = 0
        if not future.done():
            future.set_result((self.identity, reply))

    def _look(self) -> None:
        """Runs now and then while answers are owed; no timer is set and unset for each question."""
        self._timer = None
        if not self._owed:
            return
        due = self._owed[0][0] + self._answer_seconds
        if self._loop.time() < due:
            self._timer = self._loop.call_at(due, self._look)
        else:
            # If the loop itself was held up, the answer may lie in the socket: read before blaming the server.
            self._timer = self._loop.call_later(SECOND_LOOK_SECONDS, self._look_again)

    def _look_again(self) -> None:
        self._timer = None
        if self._owed and self._loop.time() >= self._owed[0][0] + self._answer_seconds:
            self.break_off()
        else:
            self._look()

    def break_off(self) -> None:
        """End the connection at once and answer everybody with None. May be called again."""
        if self.broken:
            return
        self.broken = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._transport is not None:
            self._transport.abort()
        owed, start = self._owed, self._next
        self._owed, self._next, self._buffer = deque(), 0, b""
        for _, futures in owed:
            _answer_all(futures[start:], None)
            start = 0
        if self.on_broken is not None:
            self.on_broken(self)


class Lane:
    """An own connection that is opened when needed and opened again when lost.

    Args:
        locate: Says where the server is now. May ask others for it; an OSError means "nowhere".
        greeting: What to say first.
        tls: Whether and how to encrypt.
        on_trouble: Called after each error, so that the owner may look for the server elsewhere.
    """

    def __init__(
        self,
        locate: Callable[[], Awaitable[Address]],
        *,
        greeting: Greeting,
        tls: TlsOptions | None = None,
        on_trouble: Callable[[], None] | None = None,
    ) -> None:
        self.connections = 0
        self.breaker = Breaker()
        self._locate, self._greeting, self._tls, self._on_trouble = locate, greeting, tls, on_trouble
        self._wire: Wire | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._closed = False
        self._questions: list[bytes] = []
        self._askers: list[asyncio.Future[Answer | None]] = []
        self._flush_is_due = False
        self._patience: asyncio.TimerHandle | None = None

    def ask(self, question: bytes) -> "asyncio.Future[Answer | None]":
        """Send one packed command.

        The future gets the answer, or None about 50 ms later if there is none: the server is away, frozen, or
        cut the connection. It never raises. Cancelling it harms no other question.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer | None] = loop.create_future()
        if self._closed or not self.breaker.allows(loop.time()):
            future.set_result(None)
            return future
        self._questions.append(question)
        self._askers.append(future)
        if not self._flush_is_due:
            self._flush_is_due = True
            loop.call_soon(self._flush, loop)
        return future

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        self._flush_is_due = False
        if not self._askers:
            return
        if self._wire is not None:
            questions, self._questions = self._questions, []
            askers, self._askers = self._askers, []
            self._wire.send(questions[0] if len(questions) == 1 else b"".join(questions), askers)
            return
        if self._connecting is None:
            self._connecting = loop.create_task(self._connect(loop))
        if self._patience is None:
            self._patience = loop.call_later(ANSWER_SECONDS, self._lose_patience, loop)

    async def connect(self) -> None:
        """Open the connection now, if there is none.

        Raises:
            GreetingRefused: The server does not let us in.
            OSError: There is no server, or it does not answer within a second.
        """
        if self._wire is None and not self._closed:
            self._use(await self._open(asyncio.get_running_loop()))

    async def _connect(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            wire = await self._open(loop)
        except Exception as error:
            # A question only learns that there is no answer; what it was must not end in silence.
            _log.log(
                logging.DEBUG if isinstance(error, OSError) else logging.WARNING, "no connection to Redis: %r", error
            )
            self._failed(loop)
        else:
            self._use(wire)
        finally:
            self._connecting = None
            # Whatever ended this task, nobody may be left waiting for it.
            if self._wire is None:
                self._answer_nobody()
            else:
                self._flush(loop)

    async def _open(self, loop: asyncio.AbstractEventLoop) -> Wire:
        wire = Wire(loop)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                address = await self._locate()
                await _dial(loop, wire, address, self._tls)
                await _greet(loop, wire, self._greeting)
        except BaseException:
            wire.break_off()
            raise
        return wire

    def _use(self, wire: Wire) -> None:
        if self._closed or self._wire is not None:
            wire.break_off()
            return
        if wire.broken:
            return
        wire.serve(self.breaker, self._broken)
        self.connections += 1
        self._wire = wire
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _broken(self, wire: Wire) -> None:
        if self._wire is wire:
            self._wire = None
            self._failed(asyncio.get_running_loop())

    def _failed(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._closed:
            return
        self.breaker.failed(loop.time())
        if self._on_trouble is not None:
            self._on_trouble()

    def _lose_patience(self, loop: asyncio.AbstractEventLoop) -> None:
        self._patience = None
        if self._askers and self._wire is None:
            self._answer_nobody()
            self._failed(loop)

    def _answer_nobody(self) -> None:
        self._questions.clear()
        askers, self._askers = self._askers, []
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        _answer_all(askers, None)

    @property
    def identity(self) -> bytes | None:
        """The run id of the server at the other end; None while there is no connection."""
        return self._wire.identity if self._wire is not None else None

    def renew(self) -> None:
        """Give up the present connection; the next question looks for the server anew."""
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.on_broken = None
            wire.break_off()

    async def close(self) -> None:
        """End the connection. Questions that are asked afterwards are answered with None."""
        self._closed = True
        connecting = self._connecting
        if connecting is not None:
            connecting.cancel()
            await asyncio.gather(connecting, return_exceptions=True)
        self.renew()
        self._answer_nobody()


async def _dial(loop: asyncio.AbstractEventLoop, wire: Wire, address: Address, tls: TlsOptions | None) -> None:
    context = tls.context() if tls is not None else None
    if address.path is not None:
        await loop.create_unix_connection(lambda: wire, address.path)
        return
    name = address.host if context is not None else None
    await loop.create_connection(lambda: wire, address.host, address.port, ssl=context, server_hostname=name)


async def _greet(loop: asyncio.AbstractEventLoop, wire: Wire, greeting: Greeting) -> None:
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


def _answer_all(futures: list[asyncio.Future[Answer | None]], answer: Answer | None) -> None:
    for future in futures:
        if not future.done():
            future.set_result(answer)
