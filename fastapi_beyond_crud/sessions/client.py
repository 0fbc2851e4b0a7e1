"""Where a session was opened from, as the list of sessions shows it."""

from dataclasses import dataclass

_AGENT_LENGTH = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """What is known of the device. Both values are for people to read; nothing is decided by them."""

    ip: str | None = None
    user_agent: str | None = None

    @classmethod
    def of(cls, ip: str | None, user_agent: str | None) -> "Client":
        """The same with everything taken out that could upset a database, a log or a terminal."""
        return cls(ip=ip, user_agent=None if user_agent is None else _printable(user_agent))


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text[:_AGENT_LENGTH])
