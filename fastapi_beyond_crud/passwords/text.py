"""The one form of a password that is counted, hashed and compared."""

import unicodedata

MAX_LENGTH = 1024
"""The longest password anywhere, in code points after NFC. Longer ones are refused before any hashing."""

# No four code points become fewer than one under NFC, and its cost grows with the square of a run of combining
# marks. So a text that cannot become short enough is refused before it is normalised.
_MAX_RAW_LENGTH = 4 * MAX_LENGTH


def normalised(password: str) -> str | None:
    """The password in NFC, or None if it is too long to be one.

    The same letter typed on two systems can arrive composed or decomposed; NFC makes it one password. NFKC
    would make more texts equal than a person expects (``ﬁ`` and ``fi``).
    """
    if len(password) > _MAX_RAW_LENGTH:
        return None
    text = unicodedata.normalize("NFC", password)
    return text if len(text) <= MAX_LENGTH else None


def is_hashable(text: str) -> bool:
    """Whether this text has a UTF-8 form (no lone surrogate) and holds no NUL, at which C libraries may end it."""
    try:
        return b"\0" not in text.encode("utf-8")
    except UnicodeEncodeError:
        return False
