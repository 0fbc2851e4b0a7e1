"""The commands as one reads them in a terminal: they ask the files beside this one, and print."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from fastapi_beyond_crud._version import __version__
from fastapi_beyond_crud.cli import env_file
from fastapi_beyond_crud.cli.secret import Algorithm, fresh_secret

app = typer.Typer(
    name="beyond-crud",
    help="Set up and look after fastapi_beyond_crud.",
    add_completion=False,
    no_args_is_help=True,
    # A pretty traceback shows local variables, and those may be secrets.
    pretty_exceptions_enable=False,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"beyond-crud {__version__}")
        raise typer.Exit


@app.callback()
def beyond_crud(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Set up and look after fastapi_beyond_crud."""


@app.command()
def secret(
    algorithm: Annotated[Algorithm, typer.Option(help="What the key is for.")] = Algorithm.HS256,
    as_json: AsJson = False,
) -> None:
    """Print a fresh key: base64url for AUTH_SECRET_KEY, or a PEM private key for AUTH_SIGNING_KEY."""
    made = fresh_secret(algorithm)
    if as_json:
        _print_json({"algorithm": algorithm.value, "variable": made.variable, "value": made.text})
    else:
        typer.echo(made.text.rstrip())


@app.command()
def init(
    database_url: Annotated[
        str, typer.Option(help="Address of the PostgreSQL database.")
    ] = "postgresql://postgres:postgres@localhost:5432/postgres",
    redis_url: Annotated[
        str, typer.Option(help='Address of the Redis server; "" to do without.')
    ] = "redis://localhost:6379/0",
    force: Annotated[bool, typer.Option("--force", help="Replace a .env that exists; its key is lost.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a .env for development, with a fresh key, into the current directory."""
    try:
        written = env_file.write(Path.cwd(), database_url=database_url, redis_url=redis_url, force=force)
    except env_file.NotWritten as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if as_json:
        _print_json({"path": str(written.path), "variables": written.variables, "warnings": written.warnings})
        return
    typer.echo(f"Wrote {written.path} with a fresh 256-bit key and {len(written.variables)} settings for development.")
    for warning in written.warnings:
        typer.echo(f"Warning: {warning}", err=True)
    typer.echo("Next: check DATABASE_URL and REDIS_URL in it, then start your application, for example: fastapi dev")


def _print_json(value: Mapping[str, object]) -> None:
    typer.echo(json.dumps(value, indent=2))
