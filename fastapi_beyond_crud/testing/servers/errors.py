"""Why there is no server."""


class ServersUnavailable(RuntimeError):
    """No server could be started here. The message says what was tried and what to do."""
