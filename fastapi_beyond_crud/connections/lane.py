"""One own connection to one server, shared by many small questions.

Questions of one tick of the event loop go out in one write, answers come back in order. There is no task and
no lock on the way: a question costs a future and its share of two system calls. Redis clients that hand out one
connection a command cannot do that, which is why the few lines of protocol are here.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from fastapi_beyond_crud.connections.breaker import Breaker
from fastapi_beyond_crud.connections.greeting import Greeting, greet
from fastapi_beyond_crud.connections.redis_url import Address
from fastapi_beyond_crud.connections.tls import TlsOptions
from fastapi_beyond_crud.connections.wire import ANSWER_SECONDS, CONNECT_SECONDS, Answer, Wire, answer_all

_log = logging.getLogger(__name__)


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
                await greet(loop, wire, self._greeting)
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
        answer_all(askers, None)

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
