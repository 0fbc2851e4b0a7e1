"""`beyond-crud init`: the first .env of an application."""

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from fastapi_beyond_crud.settings import load_settings
from tests.cli.conftest import Git, Run, Spawn

OWNER_ONLY = 0o600


def test_a_file_that_exists_is_left_as_it_is(run: Run, directory: Path) -> None:
    (directory / ".env").write_text("MINE=1\n")
    result = run("init")
    assert result.exit_code == 1
    assert "--force" in result.stderr
    assert (directory / ".env").read_text() == "MINE=1\n"


def test_a_link_is_not_written_through(run: Run, directory: Path) -> None:
    (directory / ".env").symlink_to(directory / "elsewhere")
    assert run("init").exit_code == 1
    assert not (directory / "elsewhere").exists()
    (directory / "elsewhere").write_text("MINE=1\n")
    assert run("init", "--force").exit_code == 0
    assert (directory / "elsewhere").read_text() == "MINE=1\n"


@pytest.mark.parametrize(
    ("option", "url", "variable"),
    [
        ("--database-url", "mysql://u:hunter22@h/d", "DATABASE_URL"),
        ("--database-url", "", "DATABASE_URL"),
        ("--database-url", "postgresql://u:hunter22@h/d\nAUTH_CREATE_TABLES=true", "DATABASE_URL"),
        ("--redis-url", "http://:hunter22@h", "REDIS_URL"),
        ("--redis-url", "redis://:hunter22@h\r", "REDIS_URL"),
    ],
)
def test_a_wrong_address_writes_nothing_and_is_not_repeated(
    option: str, url: str, variable: str, run: Run, directory: Path
) -> None:
    """LK-06."""
    result = run("init", option, url)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{variable}: ")
    assert "hunter22" not in result.output
    assert list(directory.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no owner's bits")
@pytest.mark.parametrize("mask", [0o000, 0o077], ids=["open umask", "closed umask"])
def test_only_the_owner_can_read_the_file(mask: int, run: Run, directory: Path) -> None:
    before = os.umask(mask)
    try:
        assert run("init").exit_code == 0
        assert stat.S_IMODE((directory / ".env").stat().st_mode) == OWNER_ONLY
        (directory / ".env").chmod(0o644)
        assert run("init", "--force").exit_code == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE((directory / ".env").stat().st_mode) == OWNER_ONLY
    assert [path.name for path in directory.iterdir()] == [".env"]


def test_a_directory_in_the_way_is_told_and_leaves_nothing_behind(run: Run, directory: Path) -> None:
    (directory / ".env").mkdir()
    result = run("init", "--force")
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr
    assert [path.name for path in directory.iterdir()] == [".env"]


def test_a_repository_that_does_not_ignore_the_file_is_warned_about(run: Run, git: Git, directory: Path) -> None:
    git("init", "--quiet", ".")
    result = run("init", "--json")
    assert result.exit_code == 0
    (warning,) = json.loads(result.stdout)["warnings"]
    assert ".gitignore" in warning
    assert "Warning: " in run("init", "--force").stderr
    (directory / ".gitignore").write_text(".env\n")
    assert json.loads(run("init", "--force", "--json").stdout)["warnings"] == []
    assert "Warning" not in run("init", "--force").output


def test_a_file_that_git_tracks_already_is_warned_about_although_it_is_ignored(
    run: Run, git: Git, directory: Path
) -> None:
    git("init", "--quiet", ".")
    (directory / ".gitignore").write_text(".env\n")
    (directory / ".env").write_text("MINE=1\n")
    git("add", "--force", ".env")
    assert json.loads(run("init", "--force", "--json").stdout)["warnings"] != []


def test_nothing_is_added_to_git(run: Run, git: Git) -> None:
    git("init", "--quiet", ".")
    run("init")
    assert git("ls-files") == ""


def test_outside_of_a_repository_there_is_nothing_to_warn_about(run: Run) -> None:
    assert json.loads(run("init", "--json").stdout)["warnings"] == []


@pytest.mark.parametrize("as_json", [False, True])
def test_the_key_is_in_the_file_and_nowhere_else(as_json: bool, run: Run, directory: Path) -> None:
    """LK-06."""
    result = run("init", "--database-url", "postgresql://u:hunter22@h/d", *(["--json"] if as_json else []))
    key = load_settings().secret_key
    assert key is not None
    assert key.get_secret_value() in (directory / ".env").read_text()
    assert key.get_secret_value() not in result.output
    assert "hunter22" not in result.output


def test_the_file_is_read_back_as_it_was_meant(run: Run) -> None:
    result = run("init", "--database-url", r"postgresql://u:it's#\\x\'@h/d?a=b", "--redis-url", "rediss://:p'#@h/1")
    assert result.exit_code == 0
    settings = load_settings()
    assert settings.database_url is not None
    assert settings.redis_url is not None
    assert settings.database_url.get_secret_value() == r"postgresql+asyncpg://u:it's#\\x\'@h/d?a=b"
    assert settings.redis_url.get_secret_value() == "rediss://:p'#@h/1"
    assert (settings.registration, settings.require_verified, settings.create_tables) == ("open", False, True)
    assert settings.revocation == "redis"


def test_one_can_do_without_redis(run: Run) -> None:
    written = json.loads(run("init", "--redis-url", "", "--json").stdout)
    assert "REDIS_URL" not in written["variables"]
    assert load_settings().revocation == "postgres"


def test_two_files_have_two_keys(run: Run) -> None:
    run("init")
    first = load_settings().secret_key
    run("init", "--force")
    assert load_settings().secret_key != first


def test_every_line_for_development_says_what_production_changes(run: Run, directory: Path) -> None:
    run("init")
    for block in (directory / ".env").read_text().split("\n\n")[1:]:
        assert "Production" in block


def test_the_command_as_a_process_of_its_own(spawn: Spawn, directory: Path) -> None:
    first = spawn("-m", "fastapi_beyond_crud.cli", "init")
    assert first.returncode == 0, first.stderr
    assert str(directory / ".env") in first.stdout
    second = spawn("-m", "fastapi_beyond_crud.cli", "init")
    assert second.returncode == 1
    assert "Traceback" not in second.stderr
    started = spawn("-c", "from fastapi_beyond_crud.settings import load_settings; print(load_settings().registration)")
    assert (started.returncode, started.stdout, started.stderr) == (0, "open\n", "")
