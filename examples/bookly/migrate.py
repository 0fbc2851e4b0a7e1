"""Bring the database up to date, and make the first admin."""

from contextlib import suppress
from pathlib import Path

from alembic import command
from alembic.config import Config
from pydantic import SecretStr, ValidationError
from sqlalchemy import Connection, text

from examples.bookly.database import engine
from examples.bookly.security import auth
from examples.bookly.settings import admin_settings
from examples.bookly.users.schemas import UserCreate
from fastapi_beyond_crud import EmailTaken, NotFound, SettingsError, ValidationFailed

_MIGRATIONS = Path(__file__).with_name("migrations")
_LOCK = 0x626F_6F6B_6C79
"""Two processes that start at once must not run the same migration twice."""


async def migrate() -> None:
    """What ``python -m examples.bookly migrate`` does. Doing it again changes nothing.

    Raises:
        SettingsError: The admin's address or password cannot be used.
        OSError, sqlalchemy.exc.SQLAlchemyError: The database does not answer.
    """
    admin = admin_settings()
    try:
        await upgrade()
        print("The database is up to date.", flush=True)
        if admin.admin_email is not None and admin.admin_password is not None:
            async with auth.lifespan():
                print(await make_admin(admin.admin_email, admin.admin_password), flush=True)
    finally:
        await engine.dispose()


async def upgrade() -> None:
    """Run the migrations that are missing, all in one transaction."""
    async with engine.begin() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        await connection.run_sync(_upgrade)


def configuration(connection: Connection) -> Config:
    """What Alembic needs to know, without its file."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    command.upgrade(configuration(connection), "head")


async def make_admin(email: str, password: SecretStr) -> str:
    """Make this account if it is missing, and an admin if it is not; what was done, in a sentence.

    Raises:
        SettingsError: The address or the password cannot be used.
    """
    try:
        account = await auth.accounts.find_by_email(email)
    except NotFound:
        # Another process may be doing the same at this moment: then the account is there now, and looked at below.
        with suppress(EmailTaken):
            await _register_admin(email, password)
            return f"{email} is an admin now, with the password of BOOKLY_ADMIN_PASSWORD."
        account = await auth.accounts.find_by_email(email)
    if "admin" in account.roles and account.user.is_verified:
        return f"{email} is an admin already."
    await auth.accounts.update(account.user.id, {"is_verified": True})
    await auth.grants.grant(account.user.id, "admin", reason="BOOKLY_ADMIN_EMAIL")
    return f"{email} had an account, and is an admin now; the password stays as it was."


async def _register_admin(email: str, password: SecretStr) -> None:
    try:
        wanted = UserCreate(email=email, password=password)
    except ValidationError as error:
        reasons = error.errors(include_input=False, include_context=False, include_url=False)
        raise SettingsError([f"{_variable(reason['loc'])}: {reason['msg']}" for reason in reasons]) from None
    try:
        await auth.accounts.register(wanted, is_verified=True, roles=["admin"])
    except ValidationFailed as refused:
        raise SettingsError([f"BOOKLY_ADMIN_PASSWORD: {one['msg']}" for one in refused.extra["errors"]]) from None


def _variable(location: tuple[int | str, ...]) -> str:
    return {"email": "BOOKLY_ADMIN_EMAIL"}.get(str(location[0]), "BOOKLY_ADMIN_PASSWORD")
