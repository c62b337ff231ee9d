"""Say how long to wait before trying again."""


def backoff_seconds(attempt: int, *, jitter: float, first: float = 1.0, most: float = 60.0) -> float:
    """Give a wait between zero and a limit that doubles with each attempt ("full jitter").

    Args:
        attempt: 1 for the first try.
        jitter: 0.0 to 1.0, drawn by the caller.
        first: the limit in seconds after the first try.
        most: the limit in seconds that is never passed.

    Source:
        Amazon, "Exponential Backoff And Jitter".
    """
    return jitter * doubling_seconds(attempt, first=first, most=most)


def doubling_seconds(attempt: int, *, first: float, most: float) -> float:
    """Give `first` after the first try, twice that after the second, and so on up to `most`.

    Args:
        attempt: 1 for the first try.
        first: seconds.
        most: seconds.
    """
    # 2 ** 1024 does not fit a float, and a card may fail for weeks.
    return min(most, first * 2.0 ** min(attempt - 1, 63))
