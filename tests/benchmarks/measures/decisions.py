"""How long a decision takes by itself."""

import time
from collections.abc import Callable
from functools import partial

from fastapi_beyond_crud import Principal
from fastapi_beyond_crud.rbac.requirements import all_of
from fastapi_beyond_crud.rbac.roles import RoleMap
from tests.benchmarks.figures import Decision
from tests.benchmarks.subject import PERMISSION, PERMISSIONS, ROLES, role_map

_REPEATS = 5
_CALLS = 20_000


def measure_decisions() -> list[Decision]:
    """Whether somebody may, with more permissions; and what several roles amount to."""
    roles = RoleMap(role_map())
    need = all_of(PERMISSION).checked(roles)
    found = []
    for name, count in PERMISSIONS.items():
        rights = roles.rights(frozenset({name}))
        caller = Principal(id=1, roles=rights.roles, permissions=rights.permissions)
        found.append(Decision(of="permissions", count=count, nanoseconds=_best(partial(need.allows, caller))))
    for count in (1, 10, 100):
        names = frozenset(ROLES[:count])
        found.append(Decision(of="roles", count=count, nanoseconds=_best(partial(roles.rights, names))))
    return found


def _best(act: Callable[[], object]) -> float:
    """Nanoseconds a call, of the best of some series: what disturbs can only add."""
    series = []
    for _ in range(_REPEATS):
        began = time.perf_counter_ns()
        for _ in range(_CALLS):
            act()
        series.append((time.perf_counter_ns() - began) / _CALLS)
    return min(series)
