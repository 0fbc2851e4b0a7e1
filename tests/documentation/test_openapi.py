"""OpenAPI says what a route requires, and every way in which it can say no."""

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI
from pydantic import BaseModel

from fastapi_beyond_crud import Auth, NotFound, UserMixin, any_of, documents
from tests.hostile.judge import CODES
from tests.support.application import User, asgi_client, demo, settings_for
from tests.support.keys import ed25519_pem

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
REQUIRES = {
    "GET /auth/users": ["users:read"],
    "GET /auth/users/{user_id}": ["users:read"],
    "PATCH /auth/users/{user_id}": ["users:manage"],
    "POST /auth/users/{user_id}/disable": ["users:manage"],
    "POST /auth/users/{user_id}/enable": ["users:manage"],
    "POST /auth/users/{user_id}/sign-out": ["users:manage"],
    "GET /auth/roles": ["roles:grant"],
    "POST /auth/users/{user_id}/roles": ["roles:grant"],
    "DELETE /auth/users/{user_id}/roles/{role}": ["roles:grant"],
}
FOR_THE_KNOWN = {
    "POST /auth/logout-all",
    "GET /auth/sessions",
    "DELETE /auth/sessions",
    "DELETE /auth/sessions/{session_id}",
    "GET /auth/me",
    "PATCH /auth/me",
    "GET /auth/permissions",
    "POST /auth/password/change",
}


class Book(BaseModel):
    pages: int


def auth_for(model: type[Any] = User, **settings: Any) -> Auth[Any]:
    """Not running: OpenAPI needs no servers."""
    return Auth(
        model,
        roles={"admin": ["*"], "user": ["books:read", "books:create"]},
        settings=settings_for("postgresql://nobody@127.0.0.1/nothing", **settings),
    )


def build() -> FastAPI:
    """The library's routes, and some of an application's own."""
    auth = auth_for(algorithm="EdDSA", signing_key=ed25519_pem(), secret_key=None)
    app = demo(auth)
    nested = APIRouter(dependencies=[Depends(auth.require_role("admin"))])

    @nested.put("/books/{book_id}", dependencies=[Depends(auth.require(any_of("books:create", "books:mend")))])
    async def replace(book_id: int, book: Book) -> None: ...

    @app.post("/open")
    async def open_to_all(book: Book) -> None: ...

    @app.get("/optional")
    async def optional(user: Annotated[Any, Depends(auth.current_user(optional=True))]) -> None: ...

    @app.get("/verified")
    async def verified(user: Annotated[Any, Depends(auth.current_user(verified=True))]) -> None: ...

    @app.get("/documented", responses=documents(NotFound))
    async def documented() -> None: ...

    @app.get("/own", responses={404: {"model": Book}, 401: {"description": "of the application"}})
    async def own(caller: Annotated[Any, Depends(auth.current_principal())]) -> None: ...

    app.include_router(nested, prefix="/nested")
    return app


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return build().openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def refusals(operation: dict[str, Any], *, but: str = "") -> dict[str, Any]:
    return {status: one for status, one in operation["responses"].items() if status >= "400" and status != but}


def codes(response: dict[str, Any]) -> set[str]:
    return set(re.findall(r"^`(\w+)`: ", response["description"], re.MULTILINE))


def test_fastapis_own_errors_are_nowhere(document: dict[str, Any]) -> None:
    """They are not what is answered; a generated client would expect the wrong shape."""
    text = json.dumps(document)
    assert "HTTPValidationError" not in text
    assert "ValidationError" not in document["components"]["schemas"]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))):
        place: Any = document
        for step in reference.split("/"):
            place = place[step]
        assert place


def test_every_refusal_of_a_library_route_is_a_problem_with_its_codes(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        if not name.partition(" ")[2].startswith(("/auth/", "/.well-known/")) or name == "POST /auth/token":
            continue
        for status, response in refusals(operation).items():
            assert response["content"] == PROBLEM, (name, status)
            assert codes(response), (name, status)
            assert codes(response) <= CODES, (name, status)


def test_every_guarded_route_says_401_and_503_and_what_it_requires(document: dict[str, Any]) -> None:
    found = {
        name: operation
        for name, operation in operations(document)
        if "security" in operation and name.partition(" ")[2].startswith("/auth/")
    }
    assert set(found) == set(REQUIRES) | FOR_THE_KNOWN
    for name, operation in found.items():
        assert codes(operation["responses"]["401"]) >= {"not_authenticated", "token_invalid", "token_expired"}
        assert codes(operation["responses"]["503"]) == {"unavailable"}
        needs = REQUIRES.get(name, [])
        assert operation["security"] == [{"OAuth2PasswordBearer": needs}]
        if needs:
            assert operation["x-authz"] == {"requires": needs}
            assert codes(operation["responses"]["403"]) == {"permission_denied"}
        else:
            assert "x-authz" not in operation
            assert "403" not in operation["responses"]


def test_every_route_with_a_body_says_413_and_422(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        if "/auth/" in name and "requestBody" in operation:
            assert codes(operation["responses"]["413"]) == {"payload_too_large"}
            assert operation["responses"]["413"]["content"] == PROBLEM, name
            if name != "POST /auth/token":
                assert codes(operation["responses"]["422"]) == {"validation_failed"}


def test_routes_without_a_guard_ask_for_nothing(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        if name in ("POST /open", "GET /ready", "POST /auth/login", "POST /auth/register", "POST /auth/token"):
            assert "security" not in operation
            assert "x-authz" not in operation
            assert codes(operation["responses"].get("403", {"description": ""})) <= {"email_not_verified"}


def test_the_token_route_is_documented_as_rfc_6749_has_it(document: dict[str, Any]) -> None:
    operation = document["paths"]["/auth/token"]["post"]
    [(media, content)] = operation["requestBody"]["content"].items()
    assert media == "application/x-www-form-urlencoded"
    assert content["schema"]["required"] == ["grant_type"]
    assert {"grant_type", "username", "password", "refresh_token"} <= set(content["schema"]["properties"])
    assert "422" not in operation["responses"]
    for status in ("400", "503"):
        assert operation["responses"][status]["content"] == {
            "application/json": {"schema": {"$ref": "#/components/schemas/OAuthError"}}
        }
    assert set(document["components"]["schemas"]["OAuthError"]["properties"]) == {"error", "error_description"}


@pytest.mark.parametrize("prefix", ["/auth", "/api/v1/accounts"])
def test_authorize_in_swagger_finds_the_token_route(prefix: str) -> None:
    app, auth = FastAPI(), auth_for()
    auth.install(app, prefix=prefix)
    document = app.openapi()
    [scheme] = document["components"]["securitySchemes"].values()
    assert scheme == {"type": "oauth2", "flows": {"password": {"scopes": {}, "tokenUrl": f"{prefix}/token"}}}
    assert f"{prefix}/token" in document["paths"]


def test_the_routes_of_an_application_are_completed_too(document: dict[str, Any]) -> None:
    """Also where the guard stands on the inclusion, or inside another dependency."""
    nested = document["paths"]["/nested/books/{book_id}"]["put"]
    names = ["books:create", "books:mend", "role:admin"]
    assert nested["x-authz"] == {"requires": names}
    assert nested["security"] == [{"OAuth2PasswordBearer": names}]
    assert {"401", "403", "422", "503"} <= set(refusals(nested))
    assert all(response["content"] == PROBLEM for response in refusals(nested).values())
    assert codes(document["paths"]["/open"]["post"]["responses"]["422"]) == {"validation_failed"}
    assert codes(document["paths"]["/profile"]["get"]["responses"]["401"]) >= {"not_authenticated", "token_invalid"}


def test_a_verified_address_that_is_asked_for_is_documented(document: dict[str, Any]) -> None:
    assert codes(document["paths"]["/verified"]["get"]["responses"]["403"]) == {"email_not_verified"}
    assert "403" not in document["paths"]["/optional"]["get"]["responses"]


def test_a_bad_credential_is_documented_where_none_is_needed(document: dict[str, Any]) -> None:
    assert codes(document["paths"]["/optional"]["get"]["responses"]["401"]) >= {"token_invalid", "token_expired"}


def test_what_an_application_documents_itself_stays(document: dict[str, Any]) -> None:
    own = document["paths"]["/own"]["get"]["responses"]
    assert own["404"]["content"] == {"application/json": {"schema": {"$ref": "#/components/schemas/Book"}}}
    assert own["401"]["description"].startswith("of the application")
    assert codes(document["paths"]["/documented"]["get"]["responses"]["404"]) == {"not_found"}


def test_the_shape_of_a_problem_is_the_one_that_is_answered(document: dict[str, Any]) -> None:
    properties = document["components"]["schemas"]["Problem"]["properties"]
    assert {"type", "title", "status", "detail", "code", "request_id", "errors"} <= set(properties)
    assert set(document["components"]["schemas"]["FieldError"]["properties"]) == {"loc", "type", "msg"}


def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, operation in operations(document)]
    assert len(ids) == len(set(ids))


def test_every_library_operation_has_a_summary_and_a_tag(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        if "/auth/" in name:
            assert operation["summary"], name
            assert operation["description"], name
            assert operation["tags"], name


def test_building_the_document_again_changes_nothing() -> None:
    app = build()
    first = json.dumps(app.openapi())
    assert json.dumps(app.openapi()) == first
    app.openapi_schema = None
    assert json.dumps(app.openapi()) == first


def test_a_route_that_is_added_before_the_first_request_is_in_it() -> None:
    app, auth = FastAPI(), auth_for()
    auth.install(app)

    @app.get("/late", dependencies=[Depends(auth.require("books:read"))])
    async def late() -> None: ...

    assert app.openapi()["paths"]["/late"]["get"]["x-authz"] == {"requires": ["books:read"]}


def test_closed_registration_and_a_shared_secret_leave_routes_out() -> None:
    app, auth = FastAPI(), auth_for(registration="closed")
    auth.install(app)
    assert "/auth/register" not in app.openapi()["paths"]
    assert "/.well-known/jwks.json" not in app.openapi()["paths"]


async def test_the_document_is_served() -> None:
    async with asgi_client(build()) as http:
        answer = await http.get("/openapi.json")
        assert (answer.status_code, answer.json()["openapi"][:3]) == (200, "3.1")
        assert (await http.get("/docs")).status_code == 200


def test_the_model_of_the_application_is_the_one_that_is_documented() -> None:
    """Not the library's own, where the application brought one."""
    from_model = build().openapi()["components"]["schemas"]
    assert {"UserCreate", "UserRead", "UserUpdate"} <= set(from_model)
    assert issubclass(User, UserMixin)
    assert from_model["UserCreate"]["additionalProperties"] is False
    assert "password" not in from_model["UserRead"]["properties"]
