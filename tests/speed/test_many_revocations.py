"""A start after a bad day: there are many revocations, and each statement has five seconds."""

from collections.abc import Awaitable, Callable

from sqlalchemy import event

from fastapi_beyond_crud.connections.postgres import create_engine
from fastapi_beyond_crud.revocation.memory import MemoryRevocationBackend
from tests.support.application import running, settings_for

MANY = 25_000
MOST_AT_ONCE = 10_000

REVOKE = """
INSERT INTO user_revocations (bucket, subject, until)
SELECT n % 256, 's:' || gen_random_uuid(), now() + interval '1 hour' FROM generate_series(1, CAST(:many AS int)) AS n
"""


async def test_many_revocations_are_read_in_parts_and_all_of_them(
    fresh_database: Callable[[], Awaitable[str]],
) -> None:
    """A million in one statement took longer than a statement may: the application did not start any more."""
    settings = settings_for(await fresh_database(), revocation="memory")
    async with running(settings=settings) as before:
        await before.sql(REVOKE, many=MANY)
    assert settings.database_url is not None
    engine = create_engine(settings.database_url.get_secret_value())
    rows: list[int] = []

    def executed(_connection: object, cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT") and "user_revocations" in statement:
            rows.append(int(getattr(cursor, "rowcount", 0)))

    event.listen(engine.sync_engine, "after_cursor_execute", executed)
    async with running(settings=settings, engine=engine) as after:
        backend = after.auth.runtime.gate.backend
        assert isinstance(backend, MemoryRevocationBackend)
        assert len(backend) == MANY
    await engine.dispose()
    assert sum(rows) >= MANY
    assert max(rows) <= MOST_AT_ONCE
