"""The companion tables: declared once, where the account model is; and what does not fit is refused."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import Integer, LargeBinary, String, Uuid, inspect
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from fastapi_beyond_crud import (
    AccountMixin,
    Auth,
    ConfigurationError,
    SessionMixin,
    UserMixin,
    companions,
)
from fastapi_beyond_crud.models.companions import key_reader
from tests.models.accounts import OwnAccount, OwnGrant, OwnRevocation, OwnSession, SchemaAccount
from tests.sessions.rows import assert_dead, assert_refused
from tests.support.application import Application, running, settings_for


def base() -> type[DeclarativeBase]:
    made: type[DeclarativeBase] = type("Base", (DeclarativeBase,), {})
    return made


def account(on: type[DeclarativeBase], name: str, **columns: Any) -> type[Any]:
    body = {"__tablename__": name, "__annotations__": {}, **columns}
    made: type[Any] = type(name.title(), (UserMixin, on), body)
    return made


def test_what_is_no_account_model_is_refused_with_a_sentence() -> None:
    class Plain: ...

    class Lacking(base()):  # type: ignore[misc]  # a base made on the spot
        __tablename__ = "lacking"
        id: Mapped[int] = mapped_column(primary_key=True)

    with pytest.raises(ConfigurationError, match="Plain is not a mapped class"):
        companions(Plain)
    with pytest.raises(ConfigurationError, match=r"Lacking lacks .*email.*UserMixin"):
        companions(Lacking)


def test_a_key_of_two_columns_or_of_another_name_is_refused() -> None:
    class Double(AccountMixin, base()):  # type: ignore[misc]  # a base made on the spot
        __tablename__ = "double"
        id: Mapped[int] = mapped_column(primary_key=True)
        tenant: Mapped[int] = mapped_column(primary_key=True)

    class Other(AccountMixin, base()):  # type: ignore[misc]  # the same
        __tablename__ = "other"
        id: Mapped[int] = mapped_column()
        key: Mapped[int] = mapped_column(primary_key=True)

    for model in (Double, Other):
        with pytest.raises(ConfigurationError, match="primary key"):
            companions(model)


def test_a_key_of_another_type_is_refused() -> None:
    class Odd(AccountMixin, base()):  # type: ignore[misc]  # a base made on the spot
        __tablename__ = "odd"
        id: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)

    with pytest.raises(ConfigurationError, match=r"Odd\.id must be a UUID, an integer or a text"):
        key_reader(Odd)
    with pytest.raises(ConfigurationError, match="Odd"):
        Auth(Odd)


def test_a_companion_on_another_metadata_is_refused() -> None:
    first, second = base(), base()
    user = account(first, "users")
    account(second, "users")
    elsewhere = type("Elsewhere", (SessionMixin, second), {"__tablename__": "s", "__user_table__": "users"})
    with pytest.raises(ConfigurationError, match="another metadata"):
        companions(user, session=elsewhere)


def test_a_companion_that_comes_too_late_is_refused() -> None:
    on = base()
    user = account(on, "users")
    companions(user)
    late = type("Late", (SessionMixin, on), {"__tablename__": "late", "__user_table__": "users"})
    with pytest.raises(ConfigurationError, match="first call"):
        companions(user, session=late)


def test_they_are_declared_once_and_named_after_the_accounts() -> None:
    on = base()
    user = account(on, "customers")
    known = companions(user)
    assert companions(user) == known
    assert Auth(user).models == known == Auth(user).models
    assert [table.name for table in known.tables] == [
        "customers",
        "customer_sessions",
        "customer_role_grants",
        "customer_revocations",
    ]
    assert set(on.metadata.tables) == {table.name for table in known.tables}


@pytest.mark.parametrize(("kind", "expected"), [(Integer, Integer), (String(20), String), (Uuid, Uuid)])
def test_they_take_the_type_of_the_key(kind: Any, expected: type[Any]) -> None:
    on = base()
    body = {"__tablename__": "users", "id": mapped_column(kind, primary_key=True)}
    user = type("User", (AccountMixin, on), body)
    for table in companions(user).tables[1:3]:
        assert isinstance(table.c.user_id.type, expected)
        assert [key.column.name for key in table.c.user_id.foreign_keys] == ["id"]


def test_they_stand_in_the_schema_of_the_accounts() -> None:
    assert {table.schema for table in companions(SchemaAccount).tables} == {"auth app"}


def test_classes_of_the_application_are_used_where_they_are_given() -> None:
    known = companions(OwnAccount)
    assert (known.session, known.role_grant, known.revocation) == (OwnSession, OwnGrant, OwnRevocation)
    assert set(OwnAccount.metadata.tables) == {"own_accounts", "devices", "memberships", "withdrawn"}


def test_reading_a_key_takes_one_spelling_only() -> None:
    on = base()
    read = key_reader(account(on, "users"))
    text = "01890a5d-ac96-774b-bcce-b302099a8057"
    assert str(read(text)) == text
    for other in (text.upper(), text.replace("-", ""), f"{{{text}}}", f"urn:uuid:{text}", f" {text}", "", "1"):
        with pytest.raises(ValueError, match=r".*"):
            read(other)


async def test_hash_columns_are_not_loaded_by_accident(database_url: str) -> None:
    """``hashed_password`` is deferred: an object that is dumped as a whole does not hold it."""
    async with running(settings=settings_for(database_url)) as application:
        account_ = await application.auth.accounts.find(application.key(await application.registered()))
        assert "hashed_password" in inspect(account_.user).unloaded


@pytest.mark.parametrize("shared", ["issuer", "redis_prefix"])
async def test_two_auths_that_share_their_names_do_not_start_together(
    database_url: str, redis_url: str, shared: str
) -> None:
    """As two Auth objects do that read one environment: a customer's token would be one of the staff's."""
    on = base()
    settings = settings_for(database_url, redis_url)
    others = settings_for(database_url, redis_url, **{shared: getattr(settings, shared)})
    async with running(account(on, "guards"), settings=settings):
        with pytest.raises(ConfigurationError, match=r"Guards and Visitors share AUTH_ISSUER.*load_settings\(issuer"):
            async with running(account(on, "visitors"), settings=others):
                pass


async def test_two_auths_of_one_model_are_two_members_of_one_application(database_url: str, redis_url: str) -> None:
    """As two processes are."""
    settings = settings_for(database_url, redis_url)
    model = account(base(), "pilots")
    async with running(model, settings=settings) as one, running(model, settings=settings) as other:
        session = await one.signed_in()
        assert (await other.me(session)).status_code == 200
        await other.auth.tokens.end_all(other.key(session.person))
        assert_dead(await one.me(session))


@pytest.fixture
async def shops(database_url: str, redis_url: str) -> AsyncIterator[tuple[Application, Application]]:
    """Two kinds of accounts in one application: staff and customers, on one metadata."""
    on = base()
    staff, customers = account(on, "staff"), account(on, "customers")
    settings = [settings_for(database_url, redis_url) for _ in range(2)]
    async with (
        running(staff, settings=settings[0]) as first,
        running(customers, settings=settings[1]) as second,
    ):
        yield first, second


async def test_two_auths_on_one_metadata_know_nothing_of_each_other(shops: tuple[Application, Application]) -> None:
    """Each has an issuer and a secret of its own, and its own tables."""
    staff, customers = shops
    one = await staff.signed_in(await staff.registered("same@example.com"))
    other = await customers.signed_in(await customers.registered("same@example.com"))
    for application, mine, theirs in ((staff, one, other), (customers, other, one)):
        assert (await application.me(mine)).status_code == 200
        assert (await application.me(theirs)).status_code == 401
        assert_refused(await application.refresh(theirs.refresh_token))
    await staff.auth.tokens.end_all(staff.key(one.person))
    assert_dead(await staff.me(one))
    assert (await customers.me(other)).status_code == 200


async def test_two_auths_on_two_metadata_live_side_by_side(database_url: str, redis_url: str) -> None:
    first, second = account(base(), "sellers"), account(base(), "buyers")
    async with (
        running(first, settings=settings_for(database_url, redis_url)) as sellers,
        running(second, settings=settings_for(database_url, redis_url)) as buyers,
    ):
        one, other = await sellers.signed_in(), await buyers.signed_in()
        assert (await sellers.me(one)).status_code == 200
        assert (await buyers.me(other)).status_code == 200
        assert (await sellers.me(other)).status_code == 401


async def test_no_table_is_made_that_was_not_asked_for(fresh_database: Any) -> None:
    """AUTH_CREATE_TABLES=true makes the tables of the metadata, which is the application's own."""
    url = await fresh_database()
    async with running(account(base(), "users"), settings=settings_for(url)):
        engine = create_async_engine(url)
        async with engine.connect() as connection:
            names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        await engine.dispose()
    assert sorted(names) == ["user_revocations", "user_role_grants", "user_sessions", "users"]
