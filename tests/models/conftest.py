from tests.support.fixtures import shared_application, shared_names, smith, two_processes

__all__ = ["shared_application", "shared_names", "smith", "two_processes"]
