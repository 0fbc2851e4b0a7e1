"""Swagger UI at /docs, from our own files: it works without a network, and no other host can change it."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

_STATIC = Path(__file__).with_name("static")
_PAGE = _STATIC / "docs.html"

# The page may load what lies beside it and talk to this server, and nothing else. No script stands in the page itself,
# so scripts need no 'unsafe-inline'. Swagger UI writes style attributes and shows a few images from data: addresses.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def install_docs(app: FastAPI) -> None:
    """Serve the page and its files."""
    page = _PAGE.read_text(encoding="utf-8")
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY})
