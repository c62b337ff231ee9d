"""Begins the command line: Ctrl-C ends it without a traceback while it is still being imported."""

import signal
import sys


def main() -> None:
    """Run the command line."""
    try:
        from app.cli.main import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
