"""What the reference says is what the code says."""

import re
import runpy
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy.orm import DeclarativeBase

from fastapi_beyond_crud import Auth, UserMixin, load_settings
from fastapi_beyond_crud.cli.secret import Algorithm, fresh_secret
from fastapi_beyond_crud.settings import AuthSettings
from fastapi_beyond_crud.settings.load import environment_name
from tests.docs.pages import DOCS, PROJECT, README

ROUTES = (DOCS / "reference" / "http.md").read_text()
STRUCTURE = (DOCS / "contributing" / "structure.md").read_text()


class Base(DeclarativeBase): ...


class User(UserMixin, Base):
    __tablename__ = "users"


@pytest.fixture(scope="module")
def operations() -> dict[str, Any]:
    """Every operation that the library can have, by ``METHOD /path``."""
    settings = load_settings(
        _env_file=None,
        algorithm="EdDSA",
        signing_key=fresh_secret(Algorithm.EdDSA).text,
        registration="open",
        require_verified=False,
    )
    app = FastAPI()
    Auth(User, roles={"admin": ["*"]}, settings=settings).install(app)
    return {
        f"{method.upper()} {path}": operation
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
    }


def rows() -> dict[str, str]:
    """The rows of the tables of routes: what stands behind each."""
    return dict(re.findall(r"^\| `([A-Z]+ /\S+)` \|(.*)\|$", ROUTES, re.MULTILINE))


def test_every_route_is_listed_and_every_listed_route_exists(operations: dict[str, Any]) -> None:
    assert set(rows()) == set(operations)


def test_the_statuses_that_are_listed_are_those_of_the_schema(operations: dict[str, Any]) -> None:
    unknown = {
        route: statuses
        for route, text in rows().items()
        if (statuses := set(re.findall(r"\b[245]\d\d\b", text)) - set(operations[route]["responses"]))
    }
    assert unknown == {}


def test_what_a_route_needs_is_what_it_requires(operations: dict[str, Any]) -> None:
    listed = {route: set(re.findall(r"`(users:\w+|roles:\w+)`", text)) for route, text in rows().items()}
    required = {route: set(each.get("x-authz", {}).get("requires", ())) for route, each in operations.items()}
    assert listed == required


def test_the_page_of_settings_is_what_the_model_renders() -> None:
    render = runpy.run_path(str(DOCS / "settings_page.py"))["render_settings_page"]
    assert (DOCS / "reference" / "settings.md").read_text() == render(), (
        "out of date; run: python docs/settings_page.py > docs/reference/settings.md"
    )


@pytest.mark.parametrize("field", AuthSettings.model_fields)
def test_every_setting_has_a_row(field: str) -> None:
    page = (DOCS / "reference" / "settings.md").read_text()
    assert page.count(f"\n| `{environment_name(field)}` | ") == 1


def test_no_page_names_a_setting_that_does_not_exist() -> None:
    known = {environment_name(field) for field in AuthSettings.model_fields}
    pages = [README, *DOCS.rglob("*.md")]
    named = {name for page in pages for name in re.findall(r"\bAUTH_[A-Z_]*[A-Z]\b", page.read_text())}
    assert named - known == set()


def test_every_file_that_the_structure_names_exists() -> None:
    named = set(re.findall(r"`([a-z_]+(?:/[a-z_]*)*(?:\.py|/))`", STRUCTURE))
    assert len(named) > 30
    assert {name for name in named if not (PROJECT / "fastapi_beyond_crud" / name).exists()} == set()


def test_every_room_of_the_house_is_in_the_structure() -> None:
    package = PROJECT / "fastapi_beyond_crud"
    folders = {f"{path.name}/" for path in package.iterdir() if (path / "__init__.py").exists()}
    files = {path.name for path in package.glob("*.py") if not path.name.startswith("_")}
    table = STRUCTURE.split("## The house")[1].split("\n## ")[0]
    assert {room for room in folders | files if f"`{room}`" not in table} == set()


def test_every_link_in_the_readme_leads_to_a_file_or_to_the_web() -> None:
    links = re.findall(r"\]\(([^)]+)\)", README.read_text())
    assert links
    assert {link for link in links if not link.startswith("https://") and not (PROJECT / link).exists()} == set()
