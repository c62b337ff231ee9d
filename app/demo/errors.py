"""Name what can go wrong when the demo runs."""


class DemoError(Exception):
    """Say that the demo cannot go on; the message names why."""
