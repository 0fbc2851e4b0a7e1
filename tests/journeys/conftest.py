from tests.support.fixtures import smith

__all__ = ["smith"]
