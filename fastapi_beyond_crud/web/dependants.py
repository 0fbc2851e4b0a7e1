"""What FastAPI knows of a route's dependencies."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from fastapi.dependencies.models import Dependant

from fastapi_beyond_crud.core.errors import AuthError

C = TypeVar("C", bound=Callable[..., Any])

_RAISES = "fastapi_beyond_crud_raises"


def calls_of(dependant: Dependant) -> Iterator[Any]:
    """The callables of all dependencies, the outer ones before those they depend on."""
    for sub in dependant.dependencies:
        yield sub.call
        yield from calls_of(sub)


def raising(call: C, *errors: type[AuthError]) -> C:
    """Note on a dependency what it can raise besides its guards, so that the documentation can tell."""
    vars(call)[_RAISES] = errors
    return call


def raised_by(call: Any) -> Sequence[type[AuthError]]:
    """What `raising` noted."""
    found: Sequence[type[AuthError]] = getattr(call, _RAISES, ())
    return found
