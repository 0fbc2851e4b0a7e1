"""When to stop asking, and when to ask again."""

from fastapi_beyond_crud.connections.breaker import Breaker


def test_five_errors_in_a_row_open_it_for_a_second() -> None:
    breaker = Breaker()
    for _ in range(4):
        breaker.failed(10.0)
        assert breaker.allows(10.0)
    breaker.failed(10.0)
    assert breaker.is_open
    assert not breaker.allows(10.0)
    assert not breaker.allows(10.99)


def test_one_probe_goes_through_a_second_and_nobody_else() -> None:
    breaker = Breaker()
    for _ in range(5):
        breaker.failed(0.0)
    assert breaker.allows(1.0)
    assert not breaker.allows(1.0)
    assert not breaker.allows(1.9)
    # The probe never came back, it may have been cancelled: the next one follows.
    assert breaker.allows(2.0)


def test_a_probe_that_fails_keeps_it_open_and_one_that_succeeds_closes_it() -> None:
    breaker = Breaker()
    for _ in range(5):
        breaker.failed(0.0)
    assert breaker.allows(1.0)
    breaker.failed(1.05)
    assert not breaker.allows(2.0)
    assert breaker.allows(2.05)
    breaker.succeeded()
    assert breaker.allows(2.06)
    assert breaker.allows(2.06)
    assert not breaker.is_open


def test_errors_that_are_not_in_a_row_open_nothing() -> None:
    breaker = Breaker()
    for _ in range(20):
        breaker.failed(0.0)
        breaker.failed(0.0)
        breaker.succeeded()
    assert breaker.allows(0.0)
