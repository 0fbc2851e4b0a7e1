"""Settings from the environment, with errors that are safe to print, and a word about misspelt names."""

import difflib
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import ValidationError

from fastapi_beyond_crud.core.errors import ConfigurationError
from fastapi_beyond_crud.settings.model import AuthSettings

_log = logging.getLogger("fastapi_beyond_crud.settings")
_PREFIX = "AUTH_"


class SettingsError(ConfigurationError):
    """The settings cannot be used. The text names variables and reasons, never a value.

    Args:
        problems: One line for each problem, beginning with the name of the variable.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        lines = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(
            f"The settings cannot be used:\n{lines}\n"
            "Set them in the environment or in .env; `beyond-crud init` writes a .env to start from."
        )


def load_settings(*, _env_file: str | Path | None = ".env", **overrides: Any) -> AuthSettings:
    """The settings of this process: arguments first, then the environment, then the file.

    Logs one warning that names the ``AUTH_*`` variables that no setting has.

    Args:
        _env_file: A file of ``NAME=value`` lines that need not exist; None reads no file.
        **overrides: Settings by their Python names, such as ``access_lifetime=60``.

    Raises:
        SettingsError: Something is missing or wrong. No value is in it, nor in the errors chained to it.
        TypeError: An argument is no setting.
    """
    if unknown := sorted(overrides.keys() - AuthSettings.model_fields.keys()):
        raise TypeError(f"no such settings: {', '.join(unknown)}")
    settings = _read(_env_file, overrides)
    if isinstance(settings, AuthSettings):
        _warn_about_unknown(_env_file)
        return settings
    # Raised outside of the handler on purpose: a chained ValidationError would carry the refused values along.
    raise SettingsError(settings)


def unknown_variables(environ: Iterable[str], dotenv_path: str | Path | None = ".env") -> list[str]:
    """The ``AUTH_*`` names that no setting has, sorted, each with the name that was probably meant.

    Args:
        environ: Names of environment variables; ``os.environ`` will do. Values are not looked at.
        dotenv_path: A file whose names are looked at too; it need not exist.
    """
    # DATABASE_URL and its like are read with the prefix too, so AUTH_DATABASE_URL has an effect and is not reported.
    known = {name for field in AuthSettings.model_fields for name in (environment_name(field), _prefixed(field))}
    names = {name.upper() for name in [*environ, *_dotenv(dotenv_path)] if name.upper().startswith(_PREFIX)}
    return [_with_suggestion(name, known) for name in sorted(names - known)]


def environment_name(field: str) -> str:
    """The environment variable of a setting: ``AUTH_ISSUER`` of ``issuer``, ``DATABASE_URL`` of ``database_url``."""
    alias = AuthSettings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else _prefixed(field)


def _prefixed(field: str) -> str:
    return f"{_PREFIX}{field.upper()}"


def _read(env_file: str | Path | None, overrides: Mapping[str, Any]) -> AuthSettings | list[str]:
    try:
        return AuthSettings(**{**overrides, "_env_file": env_file})
    except ValidationError as error:
        return _problems(error)
    except (OSError, UnicodeDecodeError):
        return [f"{env_file}: cannot be read as UTF-8 text"]


def _problems(error: ValidationError) -> list[str]:
    found: list[str] = []
    for item in error.errors(include_input=False, include_context=False, include_url=False):
        # A default that hangs on a refused setting is not computed; the refused setting has its own line.
        if item["type"] == "default_factory_not_called":
            continue
        message = item["msg"].removeprefix("Value error, ")
        if item["loc"]:
            field = str(item["loc"][0])
            name = environment_name(field) if field in AuthSettings.model_fields else field
            found.append(f"{name}: {message}")
        else:
            found.extend(message.splitlines())
    return found


def _warn_about_unknown(env_file: str | Path | None) -> None:
    if unknown := unknown_variables(os.environ, env_file):
        _log.warning("These variables are not settings and have no effect: %s", ", ".join(unknown))


def _dotenv(path: str | Path | None) -> Mapping[str, str | None]:
    return dotenv_values(path, interpolate=False) if path is not None and Path(path).is_file() else {}


def _with_suggestion(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.75)
    return f"{name} (did you mean {close[0]}?)" if close else name
