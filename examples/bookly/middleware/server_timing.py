"""How long the server worked on an answer, where browsers' developer tools show it."""

import time

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class ServerTiming:
    """Adds ``Server-Timing: app;dur=1.8``: milliseconds until the first byte of the answer.

    Such a number also tells how long a password check took. Here that gives nothing away, because the library does
    the same work for an unknown address as for a wrong password.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()

        async def send_with_time(message: Message) -> None:
            if message["type"] == "http.response.start":
                milliseconds = (time.perf_counter() - began) * 1000
                MutableHeaders(scope=message).append("Server-Timing", f"app;dur={milliseconds:.1f}")
            await send(message)

        await self.app(scope, receive, send_with_time)
