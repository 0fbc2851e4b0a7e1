from tests.support.fixtures import shared_application, smith, two_processes

__all__ = ["shared_application", "smith", "two_processes"]
