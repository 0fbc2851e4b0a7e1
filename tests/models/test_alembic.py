"""What Alembic's autogenerate writes about the tables."""

import ast

import pytest
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import DeclarativeBase

from fastapi_beyond_crud import Auth, UserMixin, companions


class Base(DeclarativeBase): ...


class User(UserMixin, Base):
    __tablename__ = "users"


def rendered(connection: Connection) -> str:
    """The body of ``upgrade()`` that Alembic would write into an empty history."""
    script = produce_migrations(MigrationContext.configure(connection), Base.metadata)
    assert script.upgrade_ops is not None
    return render_python_code(script.upgrade_ops)


@pytest.mark.parametrize("declare", [companions, Auth], ids=["companions", "Auth"])
async def test_a_generated_migration_is_python_and_names_nothing_of_ours(declare: object, database_url: str) -> None:
    assert callable(declare)
    declare(User)
    engine = create_async_engine(database_url)
    async with engine.connect() as connection:
        code = await connection.run_sync(rendered)
    await engine.dispose()
    ast.parse(f"def upgrade():\n    {code}")
    assert "fastapi_beyond_crud" not in code
    for table in ("users", "user_sessions", "user_role_grants", "user_revocations"):
        assert f"op.create_table('{table}'" in code
