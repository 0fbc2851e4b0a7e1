"""Pure ASGI middleware: a callable around a callable, which costs next to nothing."""
