"""OpenAPI that says what a route requires and which problems it can answer with."""

from collections.abc import Callable, Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, Field

from fastapi_beyond_crud.core.errors import (
    AuthError,
    NotAuthenticated,
    PayloadTooLarge,
    PermissionDenied,
    TokenExpired,
    TokenInvalid,
    Unavailable,
    ValidationFailed,
)
from fastapi_beyond_crud.web.dependants import calls_of, raised_by
from fastapi_beyond_crud.web.guards import BodyLimit, Guard
from fastapi_beyond_crud.web.problems import MEDIA_TYPE, status_of

_PROBLEM = "#/components/schemas/Problem"
_FASTAPIS_OWN = "#/components/schemas/HTTPValidationError"


class FieldError(BaseModel):
    """One refused field. The input is never repeated."""

    loc: list[str | int]
    type: str
    msg: str


class Problem(BaseModel):
    """A problem (RFC 9457). ``code`` is stable; ``title`` and ``detail`` are for people."""

    type: str
    title: str
    status: int
    detail: Any
    code: str | None = None
    request_id: str | None = None
    errors: list[FieldError] | None = Field(default=None, description="With validation_failed: the refused fields.")


def documents(*errors: type[AuthError]) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route, from the classes that it raises."""
    found: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        response = found.setdefault(status_of(error), {"model": Problem, "description": ""})
        line = f"`{error.code}`: {error.title}"
        if line not in response["description"]:
            response["description"] = "\n\n".join(filter(None, [response["description"], line]))
    return found


def install_documentation(app: FastAPI) -> None:
    """Complete the schema of an application whenever it is built."""
    build = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(app, build())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign] # the way that FastAPI documents


def _completed(app: FastAPI, schema: dict[str, Any]) -> dict[str, Any]:
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    defined = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(defined.pop("$defs", {}))
    schemas["Problem"] = defined
    for operation, dependant in _operations(app, schema):
        _complete(operation, list(calls_of(dependant)))
    for name in ("HTTPValidationError", "ValidationError"):
        if f'"#/components/schemas/{name}"' not in str(schema["paths"]).replace("'", '"'):
            schemas.pop(name, None)
    return schema


def _operations(app: FastAPI, schema: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Dependant]]:
    for context in iter_route_contexts(app.routes):
        dependant = getattr(context, "dependant", None)
        path = schema.get("paths", {}).get(getattr(context, "path_format", None))
        if dependant is None or path is None:
            continue
        for method in context.methods or ():
            if operation := path.get(method.lower()):
                yield operation, dependant


def _complete(operation: dict[str, Any], calls: list[Callable[..., Any]]) -> None:
    guards = [call for call in calls if isinstance(call, Guard)]
    errors: list[type[AuthError]] = [error for call in calls for error in raised_by(call)]
    if guards:
        errors += [NotAuthenticated, TokenInvalid, TokenExpired, Unavailable]
        needs = [guard.needs for guard in guards if guard.needs is not None]
        if needs:
            errors.append(PermissionDenied)
        _name_requirements(operation, sorted({name for need in needs for name in need.names()}))
    if any(isinstance(call, BodyLimit) for call in calls) and "requestBody" in operation:
        errors.append(PayloadTooLarge)
    responses = operation.setdefault("responses", {})
    if (
        responses.get("422", {}).get("content", {}).get("application/json", {}).get("schema", {}).get("$ref")
        == _FASTAPIS_OWN
    ):
        del responses["422"]
        errors.append(ValidationFailed)
    for status, response in documents(*errors).items():
        _add(responses, str(status), response["description"])
    for response in responses.values():
        _as_problem(response)


def _name_requirements(operation: dict[str, Any], names: list[str]) -> None:
    if not names:
        return
    operation["x-authz"] = {"requires": names}
    for scheme in operation.get("security", []):
        for scopes in scheme.values():
            scopes.extend(name for name in names if name not in scopes)


def _add(responses: dict[str, Any], status: str, description: str) -> None:
    known = responses.setdefault(status, {"description": "", "content": {MEDIA_TYPE: {"schema": {"$ref": _PROBLEM}}}})
    lines = [*filter(None, known["description"].split("\n\n")), *description.split("\n\n")]
    known["description"] = "\n\n".join(dict.fromkeys(lines))


def _as_problem(response: dict[str, Any]) -> None:
    content = response.get("content", {})
    if content.get("application/json", {}).get("schema", {}).get("$ref") == _PROBLEM:
        content[MEDIA_TYPE] = content.pop("application/json")
