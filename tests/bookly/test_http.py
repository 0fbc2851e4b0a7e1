"""What surrounds the routes: headers, documentation, health."""

import hashlib
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from fastapi_beyond_crud.testing.servers import RedisServer
from tests.bookly.house import API, Bookly, Cast
from tests.support.application import bearer

SWAGGER = Path(__file__).parents[2] / "examples" / "bookly" / "static" / "swagger"
UUID4 = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ROUTES = {
    "GET /api/v1/books",
    "POST /api/v1/books",
    "GET /api/v1/books/{book_id}",
    "PATCH /api/v1/books/{book_id}",
    "DELETE /api/v1/books/{book_id}",
    "GET /api/v1/users/{user_id}/books",
    "POST /api/v1/books/{book_id}/reviews",
    "GET /api/v1/reviews",
    "GET /api/v1/reviews/{review_id}",
    "PATCH /api/v1/reviews/{review_id}",
    "DELETE /api/v1/reviews/{review_id}",
    "GET /api/v1/tags",
    "POST /api/v1/tags",
    "PATCH /api/v1/tags/{tag_id}",
    "DELETE /api/v1/tags/{tag_id}",
    "POST /api/v1/books/{book_id}/tags",
    "DELETE /api/v1/books/{book_id}/tags/{tag_id}",
    "GET /health",
}


@pytest.mark.parametrize(
    "path", ["/health", "/docs", "/openapi.json", "/nowhere", f"{API}/books", f"{API}/reviews", "/static/docs.js"]
)
async def test_every_answer_tells_browsers_to_trust_less(bookly: Bookly, path: str) -> None:
    """HD-03, HD-06: refusals too."""
    headers = (await bookly.http.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    policy = headers["content-security-policy"]
    assert all(part in policy for part in ("default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"))
    assert "server" not in headers
    assert re.fullmatch(r"app;dur=\d+\.\d", headers["server-timing"])


async def test_a_sane_request_id_is_kept_and_stands_in_the_problem(bookly: Bookly) -> None:
    answer = await bookly.http.get("/nowhere", headers={"X-Request-ID": "edge-7.a_B"})
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "edge-7.a_B"


@pytest.mark.parametrize("sent", [None, "", "x" * 129, "a b", "<script>", "-begins-with-a-dash", "ä"])
async def test_a_request_without_a_sane_id_gets_a_new_one(bookly: Bookly, sent: str | None) -> None:
    """IN-13, IN-14: it ends up in headers and logs."""
    headers = {} if sent is None else {b"X-Request-ID": sent.encode("latin-1")}
    answer = await bookly.http.get("/nowhere", headers=headers)
    assert UUID4.fullmatch(answer.headers["x-request-id"])
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_a_slash_at_the_end_is_not_found_and_never_redirected(bookly: Bookly) -> None:
    """HD-07: a redirect would repeat the Host header."""
    answer = await bookly.http.get(f"{API}/books/", headers={"Host": "evil.example"})
    assert answer.status_code == 404
    assert "evil.example" not in answer.text


async def test_no_error_is_other_than_a_problem(bookly: Bookly) -> None:
    for method, path in (("GET", "/nowhere"), ("PUT", f"{API}/books"), ("GET", f"{API}/books?limit=0")):
        answer = await bookly.http.request(method, path)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json().keys() >= {"type", "title", "status", "detail", "code", "request_id"}


# ------------------------------------------------------------------ health


async def test_health_is_ok_when_everything_answers(bookly: Bookly) -> None:
    answer = await bookly.http.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_health_without_redis_is_ok_and_says_so(
    bookly: Bookly, redis_server: Callable[..., RedisServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = redis_server()
    health = import_module("examples.bookly.health")
    changed = health.settings.model_copy(update={"redis_url": type(health.settings.redis_url)(server.url)})
    monkeypatch.setattr(health, "settings", changed)
    assert (await bookly.http.get("/health")).json() == {"status": "ok"}
    server.freeze()
    frozen = await bookly.http.get("/health")
    server.thaw()
    server.kill()
    killed = await bookly.http.get("/health")
    for answer in (frozen, killed):
        assert answer.status_code == 200
        assert answer.json() == {"status": "ok", "detail": "Redis is away; PostgreSQL stands in for it."}


# ------------------------------------------------------------------ documentation


async def test_the_documentation_lists_the_routes_and_no_others_of_bookly(bookly: Bookly) -> None:
    paths = (await bookly.http.get("/openapi.json")).json()["paths"]
    found = {f"{method.upper()} {path}" for path, operations in paths.items() for method in operations}
    assert {route for route in found if not route.split()[1].startswith("/auth/")} == ROUTES


async def test_each_route_has_a_short_name_of_its_own_for_generated_clients(bookly: Bookly) -> None:
    paths = (await bookly.http.get("/openapi.json")).json()["paths"]
    names = [operation["operationId"] for operations in paths.values() for operation in operations.values()]
    assert len(set(names)) == len(names)
    assert {"create_book", "login", "list_sessions"} <= set(names)


async def test_every_refusal_of_a_route_is_documented(bookly: Bookly) -> None:
    paths = (await bookly.http.get("/openapi.json")).json()["paths"]
    for path, operations in paths.items():
        if not path.startswith(API):
            continue
        for method, operation in operations.items():
            documented = set(operation["responses"])
            wanted = {"401", "403", "503"}
            wanted |= {"404"} if "{" in path else set()
            wanted |= {"422"} if operation.get("parameters") or "requestBody" in operation else set()
            wanted |= {"413"} if "requestBody" in operation else set()
            assert wanted <= documented, (method, path, documented)
            assert operation["x-authz"]["requires"]


async def test_a_field_of_a_patch_is_documented_as_optional_and_not_as_null(bookly: Bookly) -> None:
    schemas = (await bookly.http.get("/openapi.json")).json()["components"]["schemas"]
    update, create = schemas["BookUpdate"], schemas["BookCreate"]
    assert "required" not in update
    assert update["properties"]["title"] == create["properties"]["title"]
    assert "default" not in update["properties"]["title"]
    assert {"type": "null"} in update["properties"]["summary"]["anyOf"]
    assert create["properties"]["title"].items() >= {"type": "string", "minLength": 1, "maxLength": 200}.items()


async def test_swagger_ui_comes_from_here_and_its_page_allows_nothing_else(bookly: Bookly) -> None:
    page = await bookly.http.get("/docs")
    assert page.status_code == 200
    assert "http" not in page.text
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    # No script stands in the page itself, for the policy would not let it run.
    assert re.findall(r"<script[^>]*>([^<]*)", page.text) == ["", ""]
    for file in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert (await bookly.http.get(f"/{file}")).status_code == 200, file


def test_the_vendored_files_are_those_that_are_written_down() -> None:
    noted = dict(reversed(line.split()) for line in re.findall(r"^[0-9a-f]{64}  \S+$", _versions(), re.MULTILINE))
    assert noted.keys() == {path.name for path in SWAGGER.iterdir()} - {"VERSION.txt"}
    for name, digest in noted.items():
        assert hashlib.sha256((SWAGGER / name).read_bytes()).hexdigest() == digest


async def test_authorize_logs_in_the_way_swagger_ui_does(bookly: Bookly, cast: Cast) -> None:
    """With the password flow of the schema; Swagger UI sends an empty client's Basic header along."""
    schema = (await bookly.http.get("/openapi.json")).json()
    flow = schema["components"]["securitySchemes"]["OAuth2PasswordBearer"]["flows"]["password"]
    form = {"grant_type": "password", "username": cast.user.person.email, "password": cast.user.person.password}
    answer = await bookly.http.post(flow["tokenUrl"], data=form, headers={"Authorization": "Basic Og=="})
    assert answer.status_code == 200
    pair: dict[str, Any] = answer.json()
    assert (await bookly.http.get("/auth/me", headers=bearer(pair["access_token"]))).status_code == 200


def _versions() -> str:
    return (SWAGGER / "VERSION.txt").read_text()
