"""The documentation as tests read it: pages, and the blocks of code in them."""

import re
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[2]
README = PROJECT / "README.md"
DOCS = PROJECT / "docs"

_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE_NAME = re.compile(r"`(\w+\.py)`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of code.

    Attributes:
        line: Where it begins in its page, from 1.
        file_name: The last name of a Python file that the text above it mentions.
    """

    language: str
    code: str
    line: int
    file_name: str | None


def blocks(text: str, *languages: str) -> list[Block]:
    """The blocks of a page, in their order."""
    found = []
    for match in _FENCE.finditer(text):
        names = _FILE_NAME.findall(text[: match.start()])
        block = Block(
            language=match["language"],
            code=match["code"],
            line=text.count("\n", 0, match.start("code")) + 1,
            file_name=names[-1] if names else None,
        )
        if block.language in languages:
            found.append(block)
    return found


def quick_start() -> str:
    """The quick start: the section of the README, and what its page adds."""
    section = README.read_text().split("[start:quick-start] -->")[1].split("<!-- --8<-- [end:quick-start]")[0]
    return section + (DOCS / "start" / "quick-start.md").read_text()
