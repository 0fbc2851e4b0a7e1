"""Change the password."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field, SecretStr

from fastapi_beyond_crud.accounts.schemas import PASSWORD_MAX_LENGTH
from fastapi_beyond_crud.core.errors import CredentialsInvalid, Unavailable, ValidationFailed
from fastapi_beyond_crud.core.principal import Principal
from fastapi_beyond_crud.routers.bodies import NoStoreResponse, StrictBody
from fastapi_beyond_crud.web.documentation import documents
from fastapi_beyond_crud.web.surface import BODY_LIMIT, Surface


class PasswordChange(StrictBody):
    """The password in force and the one to come."""

    current_password: SecretStr
    new_password: Annotated[SecretStr, Field(max_length=PASSWORD_MAX_LENGTH)]


def password_router(surface: Surface) -> APIRouter:
    """``/password/change``."""
    router = APIRouter(tags=["account"], default_response_class=NoStoreResponse, dependencies=[Depends(BODY_LIMIT)])

    @router.post(
        "/password/change",
        status_code=204,
        responses=documents(CredentialsInvalid, ValidationFailed, Unavailable),
    )
    async def change(body: PasswordChange, caller: Annotated[Principal, Depends(surface.known)]) -> None:
        """Change the password, and end all other sessions of the account."""
        await surface.services().accounts.change_password(
            caller.id,
            caller.session_id,
            current=body.current_password.get_secret_value(),
            new=body.new_password.get_secret_value(),
        )

    return router
