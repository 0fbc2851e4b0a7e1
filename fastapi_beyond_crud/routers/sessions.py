"""The caller's signed-in devices."""

from typing import Annotated

from fastapi import APIRouter, Depends

from fastapi_beyond_crud.core.errors import NotFound
from fastapi_beyond_crud.core.principal import Principal
from fastapi_beyond_crud.models.acts.sessions import SessionFacts
from fastapi_beyond_crud.routers.bodies import ListRead, NoStoreResponse, SessionRead
from fastapi_beyond_crud.web.documentation import documents
from fastapi_beyond_crud.web.surface import Surface, session_key


def sessions_router(surface: Surface) -> APIRouter:
    """``/sessions``."""
    router = APIRouter(prefix="/sessions", tags=["sessions"], default_response_class=NoStoreResponse)
    Caller = Annotated[Principal, Depends(surface.known)]

    @router.get("")
    async def list_sessions(caller: Caller) -> ListRead[SessionRead]:
        """The caller's live sessions, the newest first."""
        found = await surface.services().tokens.list(caller.id)
        return ListRead(items=[_read(facts, caller) for facts in found], next_cursor=None)

    @router.delete("/{session_id}", status_code=204, responses=documents(NotFound))
    async def end_session(session_id: str, caller: Caller) -> None:
        """End one session; its access tokens die at once."""
        if not await surface.services().tokens.end(caller.id, session_key(session_id), reason="ended_by_user"):
            raise NotFound

    @router.delete("", status_code=204)
    async def end_other_sessions(caller: Caller) -> None:
        """End all sessions but this one."""
        assert caller.session_id is not None  # noqa: S101 - the guard lets only known callers in
        await surface.services().tokens.end_others(caller.id, caller.session_id)

    return router


def _read(facts: SessionFacts, caller: Principal) -> SessionRead:
    return SessionRead(
        id=facts.id,
        created_at=facts.created_at,
        last_seen_at=facts.last_seen_at,
        expires_at=facts.expires_at,
        ip=facts.ip,
        user_agent=facts.user_agent,
        current=facts.id == caller.session_id,
    )
