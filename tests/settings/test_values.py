"""What each setting accepts, and what all of them say together."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from fastapi_beyond_crud.cli.secret import Algorithm, fresh_secret
from fastapi_beyond_crud.connections.redis_url import SCHEMES
from fastapi_beyond_crud.core.errors import ConfigurationError
from fastapi_beyond_crud.settings import AuthSettings, SettingsError, load_settings
from fastapi_beyond_crud.settings.values import Duration

PUBLIC_KEY = """\
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
"""


def problems(monkeypatch: pytest.MonkeyPatch, **variables: str) -> tuple[str, ...]:
    """The lines of the refusal; () if the settings are accepted."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    try:
        load_settings()
    except SettingsError as error:
        return error.problems
    return ()


REFUSED_NUMBERS = ["nan", "inf", "-inf", "Infinity", "1e400", "1e3", "-5", "0x10", "1_000"]
REFUSED_DURATIONS = ["P999999999999D", "-PT5M", "15:00", "1 day", "15m", "PT", "None"]
HUGE = ["9" * 4000, "P" + "9" * 4000 + "D"]
ARABIC_DIGITS = "\u0661\u0665"


def ascii_start(text: str) -> str:
    """A name for a test case, short and printable."""
    return ascii(text)[:20]


@pytest.mark.parametrize("text", [*REFUSED_NUMBERS, *REFUSED_DURATIONS, *HUGE, ARABIC_DIGITS], ids=ascii_start)
def test_what_is_no_plain_duration_is_refused(text: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (problem,) = problems(monkeypatch, AUTH_REFRESH_LIFETIME=text)
    assert problem.startswith("AUTH_REFRESH_LIFETIME: ")
    assert len(problem) < 200


@given(st.one_of(st.text(), st.text("0123456789.PTYMWDHSe-+: ", max_size=20)))
def test_any_text_is_a_duration_or_is_refused_and_never_breaks_anything_else(text: str) -> None:
    try:
        duration = TypeAdapter(Duration).validate_python(text)
    except ValidationError:
        return
    assert duration >= timedelta(0)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400])
def test_a_number_that_is_no_duration_is_refused_as_an_argument_too(value: float, key: str) -> None:
    with pytest.raises(SettingsError, match="AUTH_LEEWAY: "):
        load_settings(leeway=value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUTH_ACCESS_LIFETIME", "0.9"),
        ("AUTH_ACCESS_LIFETIME", "PT1H0.1S"),
        ("AUTH_LEEWAY", "61"),
        ("AUTH_REFRESH_GRACE", "60.5"),
        ("AUTH_REFRESH_LIFETIME", "P4000D"),
        ("AUTH_ALGORITHM", "none"),
        ("AUTH_ALGORITHM", "hs256"),
        ("AUTH_ALGORITHM", "RS256"),
        ("AUTH_ISSUER", "a\tb"),
        ("AUTH_ISSUER", "i" * 256),
        ("AUTH_AUDIENCE", "a\nb"),
        ("AUTH_ON_REVOCATION_UNKNOWN", "allow"),
        ("AUTH_TRUSTED_PROXY_HOPS", "-1"),
        ("AUTH_TRUSTED_PROXY_HOPS", "11"),
        ("AUTH_REGISTRATION", "anyone"),
        ("AUTH_DEFAULT_ROLES", "admin,two words"),
        ("AUTH_ANONYMOUS_ROLE", "guest,user"),
        ("AUTH_REQUIRE_VERIFIED", "perhaps"),
        ("AUTH_SESSIONS_PER_USER", "0"),
        ("AUTH_SESSIONS_PER_USER", "10001"),
        ("AUTH_REDIS_PREFIX", "a b"),
        ("AUTH_REDIS_PREFIX", "{fbc}"),
        ("AUTH_PASSWORD_MIN_LENGTH", "7"),
        ("AUTH_HASH_WORKERS", "0"),
        ("AUTH_HASH_QUEUE", "0"),
        ("DB_PORT", "70000"),
        ("DATABASE_URL", "sqlite:///app.db"),
        ("DATABASE_URL", "postgresql+psycopg://u@h/d"),
        ("DATABASE_URL", "localhost"),
        ("REDIS_URL", "http://localhost"),
        ("REDIS_URL", "localhost:6379"),
    ],
)
def test_a_value_out_of_its_range_stops_the_start_and_names_its_variable(
    name: str, value: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (problem,) = problems(monkeypatch, **{name: value})
    assert problem.startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"AUTH_TRANSPORTS": "cookie"}, "AUTH_TRANSPORTS: cookie is not in this version"),
        ({"AUTH_TRANSPORTS": "bearer,cookie"}, "AUTH_TRANSPORTS: cookie is not in this version"),
        ({"AUTH_TRANSPORTS": "query"}, "AUTH_TRANSPORTS: must be bearer"),
        ({"AUTH_TRANSPORTS": ","}, "AUTH_TRANSPORTS: must be bearer"),
        ({"AUTH_REVOCATION": "replicated"}, "AUTH_REVOCATION: replicated is not in this version"),
        ({"AUTH_REVOCATION": "redis"}, "AUTH_REVOCATION: redis needs REDIS_URL"),
        ({"AUTH_ACCESS_LIFETIME": "60", "AUTH_REFRESH_IDLE_LIFETIME": "60"}, "AUTH_ACCESS_LIFETIME: must be shorter"),
        ({"AUTH_REFRESH_IDLE_LIFETIME": "P31D"}, "AUTH_REFRESH_IDLE_LIFETIME: must not be longer"),
        ({"AUTH_ALGORITHM": "EdDSA"}, "AUTH_SIGNING_KEY: is not set"),
        ({"AUTH_ALGORITHM": "ES256"}, "AUTH_SIGNING_KEY: is not set"),
        ({"DB_HOST": "localhost"}, "DB_NAME: with DB_HOST"),
        ({"DB_NAME": "app"}, "DB_USER: with DB_NAME"),
    ],
)
def test_a_contradiction_is_refused_with_a_sentence(
    variables: dict[str, str], said: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (problem,) = problems(monkeypatch, **variables)
    assert problem.startswith(said)


def test_all_problems_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told = problems(monkeypatch, AUTH_SECRET_KEY="short", AUTH_ISSUER="\t", AUTH_LEEWAY="P1D", REDIS_URL="x")
    assert [problem.split(":")[0] for problem in told] == ["REDIS_URL", "AUTH_SECRET_KEY", "AUTH_ISSUER", "AUTH_LEEWAY"]
    for name in ("AUTH_SECRET_KEY", "AUTH_ISSUER", "AUTH_LEEWAY", "REDIS_URL"):
        monkeypatch.delenv(name)
    told = problems(monkeypatch, AUTH_REVOCATION="redis", AUTH_ACCESS_LIFETIME="60", AUTH_REFRESH_IDLE_LIFETIME="30")
    assert [problem.split(":")[0] for problem in told] == ["AUTH_SECRET_KEY", "AUTH_ACCESS_LIFETIME", "AUTH_REVOCATION"]


@pytest.mark.parametrize(
    "text",
    [
        PUBLIC_KEY,
        "/no/such/file.pem",
        "no PEM and no path \x01",
        "p" * 5000,
        ".",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII\n-----END ENCRYPTED PRIVATE KEY-----",
    ],
    ids=["public", "no file", "garbage", "too long for a path", "directory", "encrypted"],
)
def test_a_signing_key_that_is_no_open_private_key_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (problem,) = problems(monkeypatch, AUTH_ALGORITHM="EdDSA", AUTH_SIGNING_KEY=text)
    assert problem.startswith("AUTH_SIGNING_KEY: ")
    assert text not in problem


def test_a_private_key_among_the_public_ones_is_refused(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    private = fresh_secret(Algorithm.EdDSA).text
    (problem,) = problems(monkeypatch, AUTH_PREVIOUS_VERIFY_KEYS=private)
    assert problem.startswith("AUTH_PREVIOUS_VERIFY_KEYS: holds a private key")


def test_no_secret_means_no_bytes_of_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTH_SIGNING_KEY", fresh_secret(Algorithm.ES256).text)
    settings = load_settings(algorithm="ES256")
    with pytest.raises(ConfigurationError, match="AUTH_SECRET_KEY is not set"):
        _ = settings.secret_key_bytes


@pytest.mark.parametrize("algorithm", [Algorithm.EdDSA, Algorithm.ES256])
@pytest.mark.parametrize("given_as", ["text", "one line", "file", "relative file"])
def test_a_signing_key_is_pem_text_or_a_path(
    algorithm: Algorithm, given_as: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pem = fresh_secret(algorithm).text
    (tmp_path / "key.pem").write_text(pem)
    variable = {
        "text": pem,
        "one line": pem.strip().replace("\n", "\\n"),
        "file": str(tmp_path / "key.pem"),
        "relative file": "key.pem",
    }[given_as]
    monkeypatch.setenv("AUTH_SIGNING_KEY", variable)
    monkeypatch.setenv("AUTH_PREVIOUS_VERIFY_KEYS", PUBLIC_KEY.replace("\n", "\\n") + ",," + PUBLIC_KEY)
    settings = load_settings(algorithm=algorithm.value)
    assert settings.signing_key is not None
    assert settings.signing_key.get_secret_value() == pem
    assert settings.previous_verify_keys == (PUBLIC_KEY, PUBLIC_KEY)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("900", timedelta(minutes=15)),
        (" 1.5 ", timedelta(seconds=1.5)),
        ("PT15M", timedelta(minutes=15)),
        ("PT1H", timedelta(hours=1)),
    ],
)
def test_durations_are_seconds_or_iso_8601(
    text: str, expected: timedelta, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTH_ACCESS_LIFETIME", text)
    assert load_settings().access_lifetime == expected
    monkeypatch.delenv("AUTH_ACCESS_LIFETIME")
    assert load_settings(access_lifetime=text).access_lifetime == expected
    assert load_settings(access_lifetime=expected.total_seconds()).access_lifetime == expected


def test_the_defaults_are_closed(key: str) -> None:
    settings = load_settings()
    assert (settings.registration, settings.require_verified, settings.create_tables) == ("safe", True, False)
    assert (settings.default_roles, settings.anonymous_role, settings.trusted_proxy_hops) == ((), None, 0)
    assert (settings.algorithm, settings.issuer, settings.audience) == ("HS256",) + ("fastapi-beyond-crud",) * 2
    assert (settings.access_lifetime, settings.leeway) == (timedelta(minutes=15), timedelta(seconds=10))
    assert (settings.refresh_idle_lifetime, settings.refresh_lifetime) == (timedelta(days=14), timedelta(days=30))
    assert (settings.refresh_grace, settings.sessions_per_user) == (timedelta(seconds=10), 100)
    assert (settings.transports, settings.on_revocation_unknown) == (("bearer",), "database")
    assert (settings.password_min_length, settings.hash_queue) == (15, 4 * settings.hash_workers)
    assert (settings.database_url, settings.redis_url, settings.signing_key) == (None, None, None)


def test_what_is_left_out_follows_from_what_is_given(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().revocation == "postgres"
    monkeypatch.setenv("REDIS_URL", "redis://localhost:6379/0")
    monkeypatch.setenv("AUTH_ISSUER", "bookly")
    settings = load_settings()
    assert settings.revocation == "redis"
    assert settings.audience == "bookly"
    assert settings.redis_prefix == "fbc:71bd9d7d"  # SHA-256 of the issuer
    assert load_settings(hash_workers=3).hash_queue == 12


def test_empty_variables_count_as_unset(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AUTH_TRANSPORTS", "AUTH_AUDIENCE", "AUTH_ACCESS_LIFETIME", "REDIS_URL", "DB_PORT"):
        monkeypatch.setenv(name, "")
    settings = load_settings()
    assert settings.transports == ("bearer",)
    assert settings.redis_url is None


def test_lists_are_parted_by_commas_and_hold_each_name_once(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTH_DEFAULT_ROLES", "user, reader,,user")
    assert load_settings().default_roles == ("user", "reader")
    assert load_settings(default_roles=["a", "b"]).default_roles == ("a", "b")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("postgres://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        ("postgresql://u:p%40@h:5433/d", "postgresql+asyncpg://u:p%40@h:5433/d"),
        ("postgresql+asyncpg://u@/d?host=/run/pg", "postgresql+asyncpg://u@/d?host=%2Frun%2Fpg"),
        ("postgres://u@h/d?sslmode=require", "postgresql+asyncpg://u@h/d?ssl=require"),
    ],
)
def test_addresses_of_postgres_get_one_spelling(
    given: str, expected: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", given)
    url = load_settings().database_url
    assert url is not None
    assert url.get_secret_value() == expected


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_way_to_run_redis_can_be_set(scheme: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", f"{scheme}://h")
    settings = load_settings()
    assert settings.redis_url is not None
    assert settings.redis_url.get_secret_value() == f"{scheme}://h"
    assert settings.revocation == "redis"


def test_the_parts_of_an_address_are_put_together_and_escaped(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "DB_HOST": "::1",
        "DB_PORT": "5433",
        "DB_NAME": "a/b",
        "DB_USER": "u@x",
        "DB_PASSWORD": "p@ss/w:rd ?#%",
    }.items():
        monkeypatch.setenv(name, value)
    url = load_settings().database_url
    assert url is not None
    assert url.get_secret_value() == "postgresql+asyncpg://u%40x:p%40ss%2Fw%3Ard%20%3F%23%25@[::1]:5433/a%2Fb"
    monkeypatch.setenv("DATABASE_URL", "postgresql://whole@h/d")
    url = load_settings().database_url
    assert url is not None
    assert url.get_secret_value() == "postgresql+asyncpg://whole@h/d"


def test_settings_cannot_be_changed(key: str) -> None:
    settings = load_settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.issuer = "other"


def test_the_environment_wins_over_the_file_and_arguments_win_over_both(
    key: str, monkeypatch: pytest.MonkeyPatch, clean_environment: Path
) -> None:
    (clean_environment / ".env").write_text("AUTH_ISSUER=file\nAUTH_ANONYMOUS_ROLE=guest\nOTHER_APP=1\n")
    assert load_settings().issuer == "file"
    monkeypatch.setenv("AUTH_ISSUER", "environment")
    assert load_settings().issuer == "environment"
    assert load_settings(issuer="argument").issuer == "argument"
    assert load_settings().anonymous_role == "guest"
    assert load_settings(_env_file=None).anonymous_role is None
    assert AuthSettings().issuer == "environment"


def test_an_address_given_as_an_argument_wins_over_the_environment(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://environment@h/d")
    monkeypatch.setenv("REDIS_URL", "redis://environment")
    settings = load_settings(database_url="postgresql://argument@h/d", redis_url=None)
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql+asyncpg://argument@h/d"
    assert (settings.redis_url, settings.revocation) == (None, "postgres")


def test_a_machine_with_very_many_cores_still_starts(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(1000)), raising=False)
    assert load_settings().hash_workers == 256
