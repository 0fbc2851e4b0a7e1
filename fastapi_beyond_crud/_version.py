"""The version, read by the build, the documentation and the change log's test."""

__version__ = "0.1.0"
