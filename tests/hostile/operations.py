"""The library's operations as its own documentation tells them, so that a new one is attacked by itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI

from tests.hostile.house import build, make_auth
from tests.support.application import settings_for
from tests.support.keys import ed25519_pem

Schema = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one path.

    Attributes:
        path: With its parameters in braces.
        in_path: Names of the parameters in the path.
        in_query: Names of the parameters in the query.
        fields: Of the body: name and schema; empty without a body.
        media: The media type of the body; empty without one.
        answers: The documented statuses, each with its media type; empty for one without a body.
        is_guarded: Whether it wants to know the caller.
    """

    method: str
    path: str
    in_path: tuple[str, ...]
    in_query: tuple[str, ...]
    fields: dict[str, Schema]
    media: str
    answers: dict[int, str]
    is_guarded: bool

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_form(self) -> bool:
        return "form" in self.media


def blueprint() -> FastAPI:
    """The application, not running: to look at."""
    settings = settings_for(
        "postgresql://nobody@127.0.0.1/nothing", algorithm="EdDSA", signing_key=ed25519_pem(), secret_key=None
    )
    return build(make_auth(settings=settings), [])


def operations_of(app: FastAPI) -> list[Operation]:
    """Every operation that the library itself brings."""
    document = app.openapi()
    return [
        _read(document, path, method, operation)
        for path, methods in document["paths"].items()
        if path.startswith(("/auth/", "/.well-known/"))
        for method, operation in methods.items()
    ]


def _read(document: Schema, path: str, method: str, operation: Schema) -> Operation:
    content = operation.get("requestBody", {}).get("content", {})
    media = next(iter(content), "")
    parameters = operation.get("parameters", [])
    return Operation(
        method=method.upper(),
        path=path,
        in_path=tuple(one["name"] for one in parameters if one["in"] == "path"),
        in_query=tuple(one["name"] for one in parameters if one["in"] == "query"),
        fields=dict(_properties(document, content[media]["schema"])) if media else {},
        media=media,
        answers={int(status): "".join(one.get("content", ())) for status, one in operation["responses"].items()},
        is_guarded=bool(operation.get("security")),
    )


def _properties(document: Schema, schema: Schema) -> Iterator[tuple[str, Schema]]:
    if "$ref" in schema:
        yield from _properties(document, document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    for alternative in schema.get("anyOf", []):
        yield from _properties(document, alternative)
    yield from schema.get("properties", {}).items()


OPERATIONS = operations_of(blueprint())
