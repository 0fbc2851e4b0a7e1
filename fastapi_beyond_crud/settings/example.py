"""The file `.env.example`, made from the settings themselves: ``python -m fastapi_beyond_crud.settings.example``."""

import sys
from datetime import timedelta

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from fastapi_beyond_crud.settings.load import environment_name
from fastapi_beyond_crud.settings.model import AuthSettings

_HEAD = """\
# The settings of fastapi_beyond_crud. `beyond-crud init` writes a .env with a fresh key; this file shows all names.
# Behind a # stands the default. Durations are seconds (900) or ISO 8601 (PT15M), lists are parted by commas.
# Made by: python -m fastapi_beyond_crud.settings.example > .env.example
"""

_GROUPS = {
    "db_host": "Servers",
    "algorithm": "Access tokens",
    "refresh_idle_lifetime": "Sessions",
    "revocation": "Revocation",
    "registration": "Accounts",
    "password_min_length": "Passwords",
}
"""The first setting of each group, and the heading above it."""

_TO_FILL_IN = ("database_url", "redis_url", "secret_key")
_ISO_8601 = TypeAdapter(timedelta)


def render_env_example() -> str:
    """The whole text of `.env.example`: every setting with its description and its default, and no secret."""
    lines = [_HEAD]
    for name, field in AuthSettings.model_fields.items():
        if name in _GROUPS:
            lines.append(f"\n# --- {_GROUPS[name]} ---\n")
        lines.append(f"# {field.description}")
        lines.append(_assignment(name, field) + "\n")
    return "\n".join(lines)


def _assignment(name: str, field: FieldInfo) -> str:
    line = f"{environment_name(name)}={_shown(field.default) if field.default_factory is None else ''}"
    return line if name in _TO_FILL_IN else f"# {line}"


def _shown(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case tuple():
            return ",".join(value)
        case timedelta():
            return str(_ISO_8601.dump_python(value, mode="json"))
        case _:
            return str(value)


if __name__ == "__main__":
    sys.stdout.write(render_env_example())
