"""What other programs need to check access tokens."""

from typing import Any

from fastapi import APIRouter, Response

from fastapi_beyond_crud.web.surface import Surface

CACHE_SECONDS = 300


def well_known_router(surface: Surface) -> APIRouter:
    """``/.well-known/jwks.json``; with a symmetric key, which nobody may know, the list is empty."""
    router = APIRouter(tags=["keys"])

    @router.get("/.well-known/jwks.json")
    async def jwks(response: Response) -> dict[str, Any]:
        """The public keys (RFC 7517), the one in force first."""
        response.headers["Cache-Control"] = f"public, max-age={CACHE_SECONDS}"
        return surface.services().keyring.jwks()

    return router
