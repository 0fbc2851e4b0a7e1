"""The settings: read once from the environment, checked as a whole, then handed on as frozen values."""

from fastapi_beyond_crud.settings.keys import new_secret
from fastapi_beyond_crud.settings.load import SettingsError, load_settings, unknown_variables
from fastapi_beyond_crud.settings.model import AuthSettings

__all__ = ["AuthSettings", "SettingsError", "load_settings", "new_secret", "unknown_variables"]
