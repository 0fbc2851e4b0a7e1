"""Requests in the bare terms of ASGI, so that it can be counted how often a body was asked for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message

Headers = dict[str, str] | Sequence[tuple[str, str]]


@dataclass(kw_only=True)
class Answer:
    """What an application did with a request.

    Attributes:
        status: Of the response; for a WebSocket that was closed, the close code; 0 if there was no answer.
        receives: How often the application asked for a message before it answered.
        is_accepted: Whether a WebSocket was accepted.
    """

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    receives: int = 0
    is_accepted: bool = False


async def request(
    app: ASGIApp, method: str, path: str, *, headers: Headers = (), chunks: Iterable[bytes] = (), query: str = ""
) -> Answer:
    """Send a request whose body comes in these chunks, one at each ``receive``."""
    messages: list[Message] = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append({"type": "http.request", "body": b"", "more_body": False})
    answer = Answer()

    async def receive() -> Message:
        if not answer.status:
            answer.receives += 1
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
        elif message["type"] == "http.response.body":
            answer.body += message.get("body", b"")

    await app({**_scope("http", path, headers, query), "method": method}, receive, send)
    return answer


async def websocket(app: ASGIApp, path: str, *, headers: Headers = (), query: str = "") -> Answer:
    """Ask for a WebSocket, and hang up as soon as it is accepted."""
    messages: list[Message] = [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1000}]
    answer = Answer()

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        if message["type"] == "websocket.accept":
            answer.is_accepted = True
        elif message["type"] == "websocket.close":
            answer.status = message.get("code", 1000)

    await app({**_scope("websocket", path, headers, query), "subprotocols": []}, receive, send)
    return answer


def _scope(kind: str, path: str, headers: Headers, query: str) -> dict[str, Any]:
    pairs = headers.items() if isinstance(headers, dict) else headers
    return {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "http" if kind == "http" else "ws",
        "path": unquote(path),
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "root_path": "",
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in pairs],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
