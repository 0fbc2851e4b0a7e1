"""One id for a request, in the answer, in every problem and in the log."""

import re
from uuid import uuid4

# A proxy in front may send its own id. It ends up in headers and logs, so it is checked: short, and nothing in it that
# could end a line or begin a tag.
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def new_id() -> str:
    """An id for a request that came without one."""
    return str(uuid4())


def is_sane(text: str) -> bool:
    """Whether the id that came with a request can be kept."""
    return _SANE.fullmatch(text) is not None
