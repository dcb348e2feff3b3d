"""The settings of a server: one table, filled from command line, environment and file."""

from palaver.settings.sources import load_settings
from palaver.settings.table import Settings

__all__ = ["Settings", "load_settings"]
