"""JSON as a verifier must read it: one meaning for each text, or none."""

import json
from typing import Any, NoReturn

# Brackets bound the depth, so the parser cannot be driven into its recursion limit. Our own tokens have four.
_MAX_BRACKETS = 64


def parse_object(raw: bytes) -> dict[str, Any]:
    """The JSON object in this text.

    Raises:
        ValueError: Not UTF-8, a byte order mark, not an object, a member twice (two readers could take a
            different one, RFC 7515 section 4), NaN or Infinity, too deep, or a number of thousands of digits.
    """
    if raw.count(b"[") + raw.count(b"{") > _MAX_BRACKETS:
        raise ValueError("too deep")
    value = _DECODER.decode(raw.decode("utf-8"))
    if isinstance(value, dict):
        return value
    raise ValueError("not an object")


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(members)
    if len(value) != len(members):
        raise ValueError("a member twice")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError("not a JSON number")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant)
