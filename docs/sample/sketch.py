"""A few helpers for reading settings."""


def read_settings(path):
    """Read the settings file; a missing one means the defaults."""
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""
