"""One spelling for texts that are compared."""

import unicodedata


def folded(text: str) -> str:
    """The text in a spelling that does not tell upper from lower case, or full-width from ordinary letters.

    Made in Python and never by ``lower()`` in the database: what that does hangs on the locale of the server (in "C" it
    knows 26 letters), and it disagrees with Python on some.
    """
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())
