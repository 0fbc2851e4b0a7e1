"""Whose request it is, as far as the network knows."""

import ipaddress

from starlette.requests import HTTPConnection

from fastapi_beyond_crud.sessions.client import Client


def client_of(connection: HTTPConnection, trusted_hops: int) -> Client:
    """The device behind a request.

    Args:
        connection: The request.
        trusted_hops: Reverse proxies of your own in front. Each appends the address that it saw to
            X-Forwarded-For, so the client's is that many from the right; what stands further left was
            written by the client. With 0 the header is not looked at.
    """
    agent = connection.headers.get("user-agent")
    return Client.of(_address(connection, trusted_hops), agent)


def _address(connection: HTTPConnection, trusted_hops: int) -> str | None:
    if trusted_hops:
        seen = ",".join(connection.headers.getlist("x-forwarded-for")).split(",")
        text = seen[-trusted_hops].strip() if len(seen) >= trusted_hops else ""
    else:
        text = connection.client.host if connection.client else ""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
