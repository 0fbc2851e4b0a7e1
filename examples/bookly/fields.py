"""Field types that several schemas share."""

import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from fastapi_beyond_crud import CleanText

# Characters that turn the direction of what follows: with one of them, a name can look like another.
_TURNS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def _one_line(text: str) -> str:
    if any(unicodedata.bidirectional(char) in _TURNS for char in text):
        raise ValueError("contains characters that change the direction of text")
    joined = " ".join(text.split())
    if not joined:
        raise ValueError("must not be blank")
    return joined


Line = Annotated[CleanText, AfterValidator(_one_line)]
"""Text of one line: runs of white space become one blank, and something must be left."""


def may_be_left_out() -> Any:
    """The default of a field in a PATCH that may be absent, but not null.

    With a default of None, ``{"title": null}`` would look the same as ``{}``. Here the type stays ``str``, so null is
    refused with 422; and since the services read `model_dump(exclude_unset=True)`, the default itself is never seen.
    """
    return Field(default_factory=lambda: None)
