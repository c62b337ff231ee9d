"""Keep engines from logging."""

import logging


def mute(*names: str) -> None:
    """Let loggers say nothing below a warning: engines write paths and headers, which hold tokens."""
    for name in names:
        logger = logging.getLogger(name)
        logger.setLevel(max(logging.WARNING, logger.level))
