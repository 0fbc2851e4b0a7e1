"""The page of settings, made from the settings: ``python docs/settings_page.py > docs/reference/settings.md``.

It reads the text of `.env.example`, which is rendered from the model; a test holds both to what the model says.
"""

import re
import sys
from collections.abc import Iterator

from fastapi_beyond_crud.settings.example import render_env_example

HEAD = """\
# Settings

Settings come from the environment, or from a file `.env` in the current directory; the environment wins. They are read
once, when the application starts. A missing, wrong or weak value stops the start with a sentence that names the
variable and never shows the value. A variable that begins with `AUTH_` and is no setting is named in a warning.

Durations are seconds (`900`, `0.5`) or ISO 8601 (`PT15M`); lists are parted by commas. `beyond-crud init` writes a
`.env` with a fresh key, `beyond-crud secret` prints one more.

<!-- Made by: python docs/settings_page.py > docs/reference/settings.md -->
"""

_GROUP = re.compile(r"# --- (.+) ---")
_SETTING = re.compile(r"# (?P<description>[^\n]+)\n(?:# )?(?P<name>[A-Z_]+)=(?P<default>.*)")


def render_settings_page() -> str:
    """The whole page."""
    return HEAD + "".join(_tables(render_env_example()))


def _tables(example: str) -> Iterator[str]:
    _, *groups = _GROUP.split(example)
    for title, text in zip(groups[::2], groups[1::2], strict=True):
        yield f"\n## {title}\n\n| name | default | |\n|---|---|---|\n"
        for setting in _SETTING.finditer(text):
            default = f"`{setting['default']}`" if setting["default"] else ""
            yield f"| `{setting['name']}` | {default} | {_escaped(setting['description'])} |\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(render_settings_page())
