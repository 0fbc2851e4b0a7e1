"""Which new passwords are accepted."""

from dataclasses import dataclass

from fastapi_beyond_crud.core.errors import ValidationFailed
from fastapi_beyond_crud.passwords.text import MAX_LENGTH, is_hashable, normalised


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPolicy:
    """Length is what counts; there are no composition rules and no expiry (NIST SP 800-63B-4, 3.1.1.2).

    Spaces, emoji and every script are welcome. Only NUL and lone surrogates, which have no place in a text,
    are refused.

    Attributes:
        min_length: In code points after NFC.
        max_length: In code points after NFC, at most 1,024.
    """

    min_length: int = 15
    max_length: int = MAX_LENGTH

    def __post_init__(self) -> None:
        if not 1 <= self.min_length <= self.max_length <= MAX_LENGTH:
            raise ValueError(f"password lengths must satisfy 1 <= min_length <= max_length <= {MAX_LENGTH}")

    def check(self, password: str, *, loc: tuple[str | int, ...] = ("body", "password")) -> str:
        """The password in the form to hash.

        Args:
            password: As it came.
            loc: Where it stood in the request, for the error.

        Raises:
            ValidationFailed: ``password_too_long``, ``password_unusable`` or ``password_too_short``. The
                message never repeats the password.
        """
        text = normalised(password)
        if text is None or len(text) > self.max_length:
            raise _refused(loc, "password_too_long", f"The password may have {self.max_length} characters at most")
        if not is_hashable(text):
            raise _refused(loc, "password_unusable", "The password holds a character that cannot be stored")
        if len(text) < self.min_length:
            raise _refused(loc, "password_too_short", f"The password needs {self.min_length} characters at least")
        return text


def _refused(loc: tuple[str | int, ...], code: str, message: str) -> ValidationFailed:
    return ValidationFailed.of(*loc, type=code, msg=message)
