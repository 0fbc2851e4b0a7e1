"""Alembic sees the companion tables wherever it sees the account model, and sees them once."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine

from fastapi_beyond_crud import ConfigurationError, companions
from tests.models.accounts import MODELS
from tests.support.application import User, running, settings_for

FreshDatabase = Callable[[], Awaitable[str]]

ENV = """
import asyncio
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine
from shop.models import Base


def migrate(connection):
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()


async def online():
    engine = create_async_engine(context.config.get_main_option("sqlalchemy.url"))
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
        await connection.commit()
    await engine.dispose()


asyncio.run(online())
"""
SCRIPT = '''"""${message}"""
from alembic import op
import sqlalchemy as sa
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
'''
SHOP = """
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from fastapi_beyond_crud import UserMixin, companions


class Base(DeclarativeBase): ...


class User(UserMixin, Base):
    __tablename__ = "users"
    nickname: Mapped[str | None] = mapped_column(unique=True)


companions(User)
"""


PROGRAM = """
import sys
from alembic import command
from alembic.config import Config

config = Config()
config.set_main_option("script_location", "migrations")
config.set_main_option("sqlalchemy.url", sys.argv[1].replace("%", "%%"))
command.revision(config, "begin", autogenerate=True)
command.upgrade(config, "head")
command.check(config)
command.downgrade(config, "base")
command.upgrade(config, "head")
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A directory as an application has it: its models, and Alembic's files as it writes them."""
    for folder in ("shop", "migrations", "migrations/versions"):
        (tmp_path / folder).mkdir()
    (tmp_path / "shop" / "__init__.py").touch()
    (tmp_path / "shop" / "models.py").write_text(SHOP)
    (tmp_path / "migrations" / "env.py").write_text(ENV)
    (tmp_path / "migrations" / "script.py.mako").write_text(SCRIPT)
    return tmp_path


async def migrate(project: Path, url: str) -> None:
    """Run Alembic as people do, in a process of its own; no settings of the library are in its environment."""
    root = Path(__file__).parents[2]
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", PROGRAM, url],
        cwd=project,
        env={**os.environ, "PYTHONPATH": f"{project}{os.pathsep}{root}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


async def test_autogenerate_makes_all_tables_finds_nothing_the_second_time_and_the_library_starts(
    project: Path, fresh_database: FreshDatabase
) -> None:
    url = await fresh_database()
    await migrate(project, url)
    (script,) = (project / "migrations" / "versions").glob("*.py")
    generated = script.read_text()
    for table in ("users", "user_sessions", "user_role_grants", "user_revocations"):
        assert f"create_table('{table}'" in generated
    # The script stands alone: later versions of the library cannot break it.
    assert "fastapi_beyond_crud" not in generated
    async with running(User, settings=settings_for(url, create_tables=False)) as application:
        session = await application.signed_in()
        assert (await application.me(session)).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
async def test_what_the_models_say_is_what_the_database_has(fresh_database: FreshDatabase, model: type) -> None:
    """For every kind of account model: no difference that would come back in each revision."""
    companions(model)
    metadata: MetaData = model.metadata  # type: ignore[attr-defined]  # mapped classes have it
    engine = create_async_engine(await fresh_database())
    schema = metadata.schema

    def compare(connection: Connection) -> list[object]:
        if schema:
            connection.execute(text(f'CREATE SCHEMA "{schema}"'))
        metadata.create_all(connection)
        options = {"include_schemas": True, "include_name": lambda name, kind, _: kind != "schema" or name == schema}
        context = MigrationContext.configure(connection, opts=options if schema else {})
        return list(compare_metadata(context, metadata))

    async with engine.begin() as connection:
        differences = await connection.run_sync(compare)
        tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names(schema=schema))
    await engine.dispose()
    assert differences == []
    assert len(tables) == 4


async def test_missing_tables_stop_the_start_with_a_sentence_that_helps(fresh_database: FreshDatabase) -> None:
    """B-24"""
    url = await fresh_database()
    with pytest.raises(ConfigurationError) as refusal:
        async with running(settings=settings_for(url, create_tables=False)):
            pass
    sentence = str(refusal.value)
    for part in ("users", "user_sessions", "user_role_grants", "user_revocations", "alembic upgrade head"):
        assert part in sentence
    assert "AUTH_CREATE_TABLES=true" in sentence
