"""The history of the tables, and the command that runs it."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import asyncpg
import pytest
from alembic import command
from pydantic import SecretStr
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from fastapi_beyond_crud import SettingsError
from tests.bookly.command import environment, free_port, run
from tests.bookly.house import Bookly
from tests.support.databases import asyncpg_address

ADMIN = {"BOOKLY_ADMIN_EMAIL": "Root@Example.com", "BOOKLY_ADMIN_PASSWORD": "a long enough passphrase"}
PASSWORD = SecretStr("some other passphrase")


# ------------------------------------------------------------------ refusals


def test_a_database_that_is_away_is_told_about_in_a_sentence() -> None:
    done = run("migrate", env=environment(f"postgresql://postgres:pass-word@127.0.0.1:{free_port()}/x"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("bookly: PostgreSQL does not answer. Check DATABASE_URL")
    assert done.stderr.count("\n") == 1


def test_a_database_that_does_not_exist_is_named(server_url: str) -> None:
    done = run("migrate", env=environment(server_url.rpartition("/")[0] + "/no_such_database"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == 'bookly: PostgreSQL refuses: database "no_such_database" does not exist\n'


def test_a_missing_key_is_told_about_in_a_sentence(server_url: str) -> None:
    done = run("serve", "--port", "0", env={"DATABASE_URL": server_url})
    assert (done.returncode, done.stdout) == (1, "")
    assert "AUTH_SECRET_KEY: is not set" in done.stderr
    assert "Traceback" not in done.stderr


async def test_serving_before_migrating_is_refused(fresh_database: Callable[[], Awaitable[str]]) -> None:
    done = run("serve", "--port", "0", env=environment(await fresh_database()))
    assert done.returncode == 1
    assert "The database lacks users" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_told_about(bookly_database: str, server_url: str) -> None:
    port = server_url.rpartition(":")[2].partition("/")[0]
    done = run("serve", "--port", port, env=environment(bookly_database))
    assert done.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("email", "password", "sentence"),
    [
        ("root@example.com", "short", "BOOKLY_ADMIN_PASSWORD: "),
        ("root", "a long enough passphrase", "BOOKLY_ADMIN_EMAIL: "),
    ],
)
async def test_an_admin_that_cannot_be_made_is_told_about(
    bookly: Bookly, email: str, password: str, sentence: str
) -> None:
    make_admin = import_module("examples.bookly.migrate").make_admin
    with pytest.raises(SettingsError, match=sentence) as caught:
        await make_admin(email, SecretStr(password))
    assert password not in str(caught.value)


# ------------------------------------------------------------------ what works


async def test_the_history_ends_where_the_models_are(bookly: Bookly) -> None:
    """Alembic's autogenerate finds nothing to do; it raises otherwise."""
    migrate = import_module("examples.bookly.migrate")
    async with bookly.auth.runtime.database.engine.connect() as connection:
        await connection.run_sync(lambda sync: command.check(migrate.configuration(sync)))


async def test_a_difference_between_history_and_models_is_found(bookly: Bookly) -> None:
    migrate = import_module("examples.bookly.migrate")

    def check(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE books DROP COLUMN summary"))
        command.check(migrate.configuration(connection))

    async with bookly.auth.runtime.database.engine.connect() as connection:
        with pytest.raises(Exception, match="New upgrade operations detected"):
            await connection.run_sync(check)
        await connection.rollback()


async def test_the_whole_history_can_be_gone_back_and_forth(fresh_database: Callable[[], Awaitable[str]]) -> None:
    migrate = import_module("examples.bookly.migrate")
    engine = create_async_engine(await fresh_database())

    def walk(connection: Connection) -> None:
        configuration = migrate.configuration(connection)
        command.upgrade(configuration, "head")
        command.downgrade(configuration, "base")
        left = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars().all()
        assert left == ["alembic_version"]
        command.upgrade(configuration, "head")

    async with engine.begin() as connection:
        await connection.run_sync(walk)
    await engine.dispose()


async def test_migrating_at_once_and_again_makes_one_admin(
    fresh_database: Callable[[], Awaitable[str]], redis_url: str
) -> None:
    database = await fresh_database()
    env = environment(database, redis_url, **ADMIN)
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda _: run("migrate", env=env), range(2)))
    done.append(run("migrate", env=env))
    assert [each.returncode for each in done] == [0, 0, 0], [each.stderr for each in done]
    assert done[2].stdout == "The database is up to date.\nRoot@Example.com is an admin already.\n"
    connection = await asyncpg.connect(asyncpg_address(database))
    rows = await connection.fetch(
        "SELECT email, is_verified, role FROM users JOIN user_role_grants ON user_id = users.id"
    )
    await connection.close()
    assert [tuple(row) for row in rows] == [("root@example.com", True, "admin")]


async def test_an_admin_that_several_processes_make_at_once_is_made_once(bookly: Bookly) -> None:
    make_admin = import_module("examples.bookly.migrate").make_admin
    said = await asyncio.gather(*(make_admin("crowd@example.com", PASSWORD) for _ in range(4)))
    assert sorted("already" in sentence for sentence in said) == [False, True, True, True]


async def test_the_admin_that_is_made_can_log_in(bookly: Bookly) -> None:
    make_admin = import_module("examples.bookly.migrate").make_admin
    await make_admin("first.admin@example.com", PASSWORD)
    credentials = {"email": "first.admin@example.com", "password": PASSWORD.get_secret_value()}
    pair = (await bookly.http.post("/auth/login", json=credentials)).json()
    assert (await bookly.me(pair["access_token"])).json()["roles"] == ["admin"]


async def test_an_account_that_exists_becomes_an_admin_and_keeps_its_password(bookly: Bookly) -> None:
    make_admin = import_module("examples.bookly.migrate").make_admin
    person = await bookly.registered()
    assert "is an admin now; the password stays as it was" in await make_admin(person.email.upper(), PASSWORD)
    assert "is an admin already" in await make_admin(person.email, PASSWORD)
    me = (await bookly.me(await bookly.signed_in(person))).json()
    assert me.items() >= {"roles": ["admin", "user"], "is_verified": True}.items()
