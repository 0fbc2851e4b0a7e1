"""The command as a whole, and `beyond-crud secret`."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from fastapi_beyond_crud._version import __version__
from fastapi_beyond_crud.cli.secret import Algorithm, fresh_secret
from fastapi_beyond_crud.settings import load_settings
from tests.cli.conftest import Run, Spawn

WITHOUT_TYPER = "import sys; sys.modules['typer'] = None; from fastapi_beyond_crud.cli import main; main()"


def test_without_the_extra_the_command_says_how_to_get_it(spawn: Spawn) -> None:
    ended = spawn("-c", WITHOUT_TYPER)
    assert ended.returncode == 1
    assert 'pip install "fastapi-beyond-crud[cli]"' in ended.stderr
    assert "Traceback" not in ended.stderr


def test_another_missing_module_is_not_taken_for_the_extra(spawn: Spawn) -> None:
    ended = spawn("-c", WITHOUT_TYPER.replace("'typer'", "'cryptography'"))
    assert ended.returncode == 1
    assert "cryptography" in ended.stderr
    assert "pip install" not in ended.stderr


@pytest.mark.parametrize("arguments", [["nonsense"], ["secret", "--algorithm", "RS256"], ["init", "--nonsense"]])
def test_wrong_usage_ends_with_status_2(arguments: list[str], run: Run) -> None:
    assert run(*arguments).exit_code == 2


def test_a_key_does_not_show_in_its_representation() -> None:
    """LK-06."""
    made = fresh_secret(Algorithm.HS256)
    assert made.text not in repr(made)


def test_a_fresh_secret_is_accepted_by_the_settings(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = run("secret").stdout, run("secret").stdout
    assert first != second
    monkeypatch.setenv("AUTH_SECRET_KEY", first)
    assert len(load_settings().secret_key_bytes) == 32


@pytest.mark.parametrize(("algorithm", "kind"), [("EdDSA", Ed25519PrivateKey), ("ES256", EllipticCurvePrivateKey)])
def test_a_key_pair_is_made_for_its_algorithm(
    algorithm: str, kind: type, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = run("secret", "--algorithm", algorithm).stdout
    key = load_pem_private_key(pem.encode(), password=None)
    assert isinstance(key, kind)
    if isinstance(key, EllipticCurvePrivateKey):
        assert key.curve.name == "secp256r1"
    monkeypatch.setenv("AUTH_SIGNING_KEY", pem)
    monkeypatch.setenv("AUTH_ALGORITHM", algorithm)
    assert load_settings().signing_key is not None


@pytest.mark.parametrize(
    ("algorithm", "variable"),
    [("HS256", "AUTH_SECRET_KEY"), ("EdDSA", "AUTH_SIGNING_KEY"), ("ES256", "AUTH_SIGNING_KEY")],
)
def test_a_program_gets_the_key_with_the_variable_it_belongs_in(
    algorithm: str, variable: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = json.loads(run("secret", "--json", "--algorithm", algorithm).stdout)
    assert (made["algorithm"], made["variable"]) == (algorithm, variable)
    monkeypatch.setenv(variable, made["value"])
    load_settings(algorithm=algorithm)


def test_the_version_is_that_of_the_package(run: Run) -> None:
    assert run("--version").stdout == f"beyond-crud {__version__}\n"


def test_without_a_command_the_commands_are_listed(run: Run) -> None:
    listed = run().output
    assert "init" in listed
    assert "secret" in listed
