import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from fastapi_beyond_crud import TokenInvalid
from tests.hostile.house import TABLE, build, make_auth
from tests.hostile.judge import Judge
from tests.hostile.operations import Operation
from tests.support.application import PASSWORD, Application, Person, asgi_client, bearer, new_email, settings_for
from tests.support.databases import create_database, drop_database
from tests.support.fixtures import smith
from tests.support.keys import ed25519_pem
from tests.support.raw import Answer, request

__all__ = ["smith"]

Pairs = Sequence[tuple[str, str]]


class Target(Application):
    """The application under attack, by an administrator with a good token: so that the attacks come far."""

    admin: Person
    victim: Person
    seen: list[BaseException]
    _token: str = ""

    async def credential(self) -> dict[str, str]:
        """The header of a session that lives; a new one if the last request has ended it."""
        try:
            await self.auth.authenticator.principal(self._token)
        except TokenInvalid:
            self._token = (await self.auth.tokens.issue(self.key(self.admin))).access_token
        return bearer(self._token)

    def path_of(self, operation: Operation, **values: str) -> str:
        """The path, with keys that exist where nothing else is said."""
        right = {"user_id": self.victim.id, "role": "user", "session_id": self.victim.id}
        return operation.path.format(**{name: "x" for name in operation.in_path} | right | values)

    async def attack(
        self,
        operation: Operation,
        *,
        path: str | None = None,
        query: str = "",
        body: bytes | Sequence[bytes] = b"",
        headers: Pairs = (),
        media: str | None = None,
        known: bool = True,
    ) -> Answer:
        """One request."""
        credential = (await self.credential()) if known else {}
        kind = operation.media if media is None else media
        own = [("content-type", kind)] if kind else []
        chunks = [body] if isinstance(body, bytes) else list(body)
        self.seen.clear()
        return await request(
            self.app,
            operation.method,
            path or self.path_of(operation),
            headers=[*own, *credential.items(), *headers],
            chunks=chunks,
            query=query,
        )

    def judge(self, operation: Operation) -> Judge:
        """The judge of one operation."""
        return Judge(operation=operation, seen=self.seen)

    def cheap_body(self, operation: Operation) -> bytes:
        """A body that comes as far as it can without a password being hashed; logging in is worth it."""
        if not operation.fields or operation.is_form:
            return b""
        is_costly = operation.path.endswith(("/register", "/change"))
        return json.dumps({} if is_costly else self.right_body(operation)).encode()

    def right_body(self, operation: Operation) -> dict[str, Any]:
        """A body that would be accepted; fields that are unknown here get a value of their type."""
        right: dict[str, Any] = {
            "email": new_email() if operation.path.endswith("/register") else self.victim.email,
            "password": PASSWORD,
            "current_password": PASSWORD,
            "new_password": PASSWORD,
            "username": self.victim.email,
            "grant_type": "password",
            "role": "user",
            "nickname": None,
            "born_on": "2000-01-01",
            "valid_from": "2030-01-01T00:00:00Z",
            "valid_until": "2031-01-01T00:00:00Z",
            "transport": "bearer",
        }
        by_type = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "array": [], "object": {}}
        body = {}
        for name, schema in operation.fields.items():
            kinds = [schema, *schema.get("anyOf", [])]
            kind = next((one["type"] for one in kinds if one.get("type") in by_type), "string")
            body[name] = right.get(name, by_type[kind])
        return body


@pytest.fixture(scope="session")
async def target(server_url: str) -> AsyncIterator[Target]:
    """The same for all tests, on a database of its own."""
    url = await create_database(server_url)
    settings = settings_for(
        url, revocation="memory", algorithm="EdDSA", signing_key=ed25519_pem(), secret_key=None, hash_queue=500
    )
    auth = make_auth(settings=settings)
    seen: list[BaseException] = []
    app = build(auth, seen)
    async with auth.lifespan(app), asgi_client(app, raises=False) as http:
        target = Target(auth, app, http)
        target.seen = seen
        target.admin, target.victim = await target.registered(), await target.registered()
        await target.granted(target.admin, "admin")
        await target.sql(TABLE)
        yield target
    await drop_database(url, server_url=server_url)
