"""Serve the application with uvicorn: one process, that ends cleanly."""

import logging
import signal
import socket
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.config import LOGGING_CONFIG

from examples.bookly.main import app


class WithoutQuery(logging.Filter):
    """Keeps query strings out of the access log: people put things there that a log must not know."""

    def filter(self, record: logging.LogRecord) -> bool:
        # uvicorn's access log has five arguments; the third is the path with its query.
        if isinstance(record.args, tuple) and len(record.args) == 5:
            client, method, path, version, status = record.args
            record.args = (client, method, str(path).partition("?")[0], version, status)
        return True


async def serve(
    sockets: list[socket.socket], *, access_log: bool = True, began: Callable[[], Awaitable[None]] | None = None
) -> None:
    """Serve until SIGINT or SIGTERM; requests that are under way are answered.

    Args:
        sockets: Where to listen; bound already, so that a port in use is known before anything is started.
        access_log: Whether each request is logged.
        began: Awaited when all is connected, before the first request is taken.

    Raises:
        ConfigurationError: A table is missing, or a setting is wrong.
        Unavailable: PostgreSQL does not answer.
    """
    # uvicorn ends gracefully and then raises the signal once more. By default that would end the process at once,
    # before the lifespan below has let go of its connections.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    config = uvicorn.Config(
        app,
        # We run the lifespan ourselves: its errors reach the caller, as one sentence instead of a traceback.
        lifespan="off",
        # Whoever is in front may write any address into X-Forwarded-For; AUTH_TRUSTED_PROXY_HOPS decides about that.
        proxy_headers=False,
        server_header=False,
        access_log=access_log,
        log_config=_log_config(),
        timeout_graceful_shutdown=10,
    )
    async with app.router.lifespan_context(app):
        if began is not None:
            await began()
        for listening in sockets:
            host, port = listening.getsockname()[:2]
            logging.getLogger("uvicorn.error").info("Serving http://%s:%s (Ctrl-C ends it)", host, port)
        await uvicorn.Server(config).serve(sockets=sockets)


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections there.

    Raises:
        OSError: The port is in use, or the host is not one of this machine.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listening = socket.socket(family, kind, protocol)
    try:
        # A port whose last user has just ended can be taken again at once; one that is in use cannot.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(2048)
    except OSError:
        listening.close()
        raise
    listening.setblocking(False)
    return listening


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _log_config() -> dict[str, Any]:
    without_query = {"without_query": {"()": WithoutQuery}}
    access = {**LOGGING_CONFIG["handlers"]["access"], "filters": ["without_query"]}
    return {**LOGGING_CONFIG, "filters": without_query, "handlers": {**LOGGING_CONFIG["handlers"], "access": access}}
