"""Stop asking a server that does not answer."""

ERRORS_TO_OPEN = 5
REST_SECONDS = 1.0


class Breaker:
    """Opens after five errors in a row; while open it lets one attempt through a second.

    It has no clock of its own: callers pass the time of their event loop, in seconds.
    """

    __slots__ = ("_errors", "_next_try")

    def __init__(self) -> None:
        self._errors = 0
        self._next_try = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the server counts as away."""
        return self._errors >= ERRORS_TO_OPEN

    def allows(self, now: float) -> bool:
        """Whether to try. While open, the one who gets True is the probe; nobody else tries for a second."""
        if self._errors < ERRORS_TO_OPEN:
            return True
        if now < self._next_try:
            return False
        # The probe books the whole second. Should it be cancelled, the next one follows without any clean-up.
        self._next_try = now + REST_SECONDS
        return True

    def failed(self, now: float) -> None:
        """The server did not answer."""
        self._errors += 1
        self._next_try = now + REST_SECONDS

    def succeeded(self) -> None:
        """The server answered."""
        self._errors = 0
