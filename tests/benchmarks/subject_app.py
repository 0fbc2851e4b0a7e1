"""The application that is served; importing it reads the settings."""

from tests.benchmarks.subject import create_app

app = create_app()
