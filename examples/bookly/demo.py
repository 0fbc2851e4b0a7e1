"""Everything at once: servers, migrations, sample data and the API, and nothing left when it ends.

`python3 dev.py demo` runs this. DATABASE_URL and REDIS_URL are used where they are set; where not, a PostgreSQL and a
Redis of its own are started, empty, on free ports, and end with this process, whatever ends it.
"""

import asyncio
import json
import os
import secrets
import socket
import sys
import time
import urllib.error
import urllib.request
from importlib import import_module
from typing import Any

from fastapi_beyond_crud import ConfigurationError
from fastapi_beyond_crud.testing.servers import ServersUnavailable, embedded_servers

_HOST = "127.0.0.1"
_PORTS_TO_TRY = 100
_READY_WITHIN_SECONDS = 30
_BEGAN = time.monotonic()


def demo(first_port: int = 8000) -> None:
    """Set up, serve, and clean up.

    Raises:
        ConfigurationError: There is no server program for this platform, or no free port.
    """
    _say("Starting PostgreSQL and Redis (those of DATABASE_URL and REDIS_URL, where they are set) ...")
    try:
        with embedded_servers() as servers:
            os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = servers.database_url, servers.redis_url
            if not os.environ.get("AUTH_SECRET_KEY"):
                os.environ["AUTH_SECRET_KEY"] = secrets.token_urlsafe(32)
            asyncio.run(_serve(first_port))
    except ServersUnavailable as error:
        raise ConfigurationError(str(error)) from None
    finally:
        _say("Ended. Nothing is left running.")


async def _serve(first_port: int) -> None:
    # Not at the top of the file: importing these reads the settings, which have just been made.
    _say("Reading the settings ...")
    migrate, seed, serve = (import_module(f"examples.bookly.{name}") for name in ("migrate", "seed", "serve"))
    _say("Bringing the database up to date ...")
    await migrate.upgrade()
    listening = _free_port(serve, first_port)
    url = f"http://{_HOST}:{listening.getsockname()[1]}"
    tasks = []

    async def began() -> None:
        _say("Making accounts, books, tags and reviews ...")
        accounts = {account.role: account for account in await seed.seed()}
        tasks.append(asyncio.create_task(_announce(url, accounts)))

    await serve.serve([listening], began=began)


def _free_port(serve: Any, first: int) -> socket.socket:
    for port in range(first, min(first + _PORTS_TO_TRY, 65_536)):
        try:
            found: socket.socket = serve.listen(_HOST, port)
        except OSError:
            _say(f"Port {port} is taken; trying the next one ...")
        else:
            return found
    raise ConfigurationError(f"No port from {first} on is free. Give another: python3 dev.py demo --port 9000")


async def _announce(url: str, accounts: dict[str, Any]) -> None:
    """Wait until the API answers, as its users will see it, and only then say so."""
    end = time.monotonic() + _READY_WITHIN_SECONDS
    while not await asyncio.to_thread(_is_healthy, url):
        if time.monotonic() > end:
            _say(f"{url}/health does not answer with 200. Something is wrong; see above.")
            return
        await asyncio.sleep(0.05)
    print(_WELCOME.format(url=url, **{f"{role}_": _line(account) for role, account in accounts.items()}, **accounts))
    sys.stdout.flush()


def _is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=2) as answer:  # noqa: S310 - the address is our own
            return bool(json.load(answer)["status"] == "ok")
    except (OSError, ValueError):
        return False


def _line(account: Any) -> str:
    return f"{account.role:5}  {account.email:17}  {account.password}"


def _say(what: str) -> None:
    print(f"[{time.monotonic() - _BEGAN:5.1f} s] {what}", flush=True)


_WELCOME = """
Bookly is ready.

  API      {url}/docs      press Authorize, then try each route
  Health   {url}/health

Accounts (e-mail address, password):

  {admin_}
  {user_}
  {guest_}

Try it, line by line, in another terminal:

  URL={url}; JSON='Content-Type: application/json'; value() {{ sed -E 's/.*"'"$1"'":"([^"]+)".*/\\1/'; }}
  curl -sw '\\n' "$URL/api/v1/books?q=dune"                              # anybody may read
  PAIR=$(curl -s $URL/auth/login -H "$JSON" -d '{{"email": "{user.email}", "password": "{user.password}"}}')
  TOKEN=$(echo "$PAIR" | value access_token); REFRESH=$(echo "$PAIR" | value refresh_token)
  curl -siw '\\n' $URL/api/v1/books -H "$JSON" -H "Authorization: Bearer $TOKEN" -d '{{"title": "Emma", "author": "Jane Austen", "published_on": "1815-12-23", "page_count": 474, "language": "en"}}'
  GUEST=$(curl -s $URL/auth/login -H "$JSON" -d '{{"email": "{guest.email}", "password": "{guest.password}"}}' | value access_token)
  curl -siw '\\n' $URL/api/v1/books -H "$JSON" -H "Authorization: Bearer $GUEST" -d '{{}}'      # 403, before the body is read
  PAIR=$(curl -s $URL/auth/refresh -H "$JSON" -d '{{"refresh_token": "'"$REFRESH"'"}}'); TOKEN=$(echo "$PAIR" | value access_token)
  curl -siX POST $URL/auth/logout -H "Authorization: Bearer $TOKEN"          # 204
  curl -siw '\\n' $URL/auth/me -H "Authorization: Bearer $TOKEN"           # 401: the token is dead, though not expired

Ctrl-C ends everything.
"""  # noqa: E501 - lines to be copied are not broken


if __name__ == "__main__":
    # The same command, told apart only by how it is called.
    main = import_module("examples.bookly.__main__").main
    sys.exit(main(["demo", *sys.argv[1:]]))
