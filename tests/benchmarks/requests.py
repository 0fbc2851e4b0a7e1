"""Requests as bytes, made before the clock runs."""

import json
from collections.abc import Mapping
from urllib.parse import urlencode


def get(path: str, token: str | None = None) -> bytes:
    """A GET, with an access token if there is one."""
    credential = "" if token is None else f"authorization: Bearer {token}\r\n"
    return f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: */*\r\n{credential}\r\n".encode()


def post_json(path: str, body: Mapping[str, str]) -> bytes:
    """A POST of a JSON object."""
    return _post(path, "application/json", json.dumps(body).encode())


def post_form(path: str, fields: Mapping[str, str]) -> bytes:
    """A POST of a form."""
    return _post(path, "application/x-www-form-urlencoded", urlencode(fields).encode())


def _post(path: str, kind: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body
