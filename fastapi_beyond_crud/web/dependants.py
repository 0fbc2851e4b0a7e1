"""What FastAPI knows of a route's dependencies."""

from collections.abc import Iterator
from typing import Any

from fastapi.dependencies.models import Dependant


def calls_of(dependant: Dependant) -> Iterator[Any]:
    """The callables of all dependencies, the outer ones before those they depend on."""
    for sub in dependant.dependencies:
        yield sub.call
        yield from calls_of(sub)
