"""A pool that ends with its test, and a hasher so cheap that only its logic is tested."""

from collections.abc import Iterator

import pytest

from fastapi_beyond_crud.passwords.hasher import PasswordHasher
from fastapi_beyond_crud.passwords.pool import HashPool


@pytest.fixture
def pool() -> Iterator[HashPool]:
    pool = HashPool(workers=2)
    yield pool
    pool.close()


@pytest.fixture
def hasher(pool: HashPool) -> PasswordHasher:
    return PasswordHasher(pool, time_cost=1, memory_kib=64)
