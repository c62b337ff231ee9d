"""The reasons for which a card does what it does, by names that programs may rely on.

`projections/advice.py` says for each what a person should know and do.
"""

from enum import StrEnum, auto


class Reason(StrEnum):
    """Name a reason.

    The first block is what plans say; the second what a plan does not know of a card: what became of a push, and what
    holds it back; the third how far the order itself has come.
    """

    NOT_PLACED = auto()
    APP_STARTS = auto()
    APP_STARTS_FIRST = auto()
    IOS_TOO_OLD = auto()
    SWITCHED_OFF = auto()
    NO_START_TOKEN = auto()
    START_TOKEN_REFUSED = auto()
    START_TOKEN_WAITS = auto()
    BUDGET_USED_UP = auto()
    STARTS_STOPPED = auto()
    START_UNKNOWN = auto()
    START_COUNTED = auto()
    NO_UPDATE_TOKEN = auto()
    START_TOKEN_SUSPECT = auto()
    UPDATE_TOKEN_REFUSED = auto()
    UNCHANGED = auto()
    ONE_A_SECOND = auto()
    CLOCK_WENT_BACK = auto()
    RENEWAL = auto()
    CHANNEL_AWAITED = auto()
    FOLLOWS_CHANNEL = auto()
    CHANNEL_LOST = auto()
    OVER = auto()
    NEVER_SHOWN = auto()
    GONE = auto()
    ENDED_BY_PERSON = auto()
    REPLACED = auto()
    EXPIRED = auto()
    POSTPONED = auto()
    PHONE_CHANGED_HANDS = auto()
    SIGNED_OUT = auto()
    ANOTHER_CUSTOMER = auto()
    ORDER_OF_ANOTHER = auto()

    APP_SILENT = auto()
    ENDED = auto()
    RECALLED = auto()
    PAUSED_BY_PERSON = auto()
    PAUSED_BY_APNS = auto()
    UNDER_WAY = auto()
    SHADOWED = auto()
    UNREACHABLE = auto()
    RETRYING = auto()
    FAILED = auto()
    NOT_MADE = auto()
    DUE = auto()
    DISPATCHER_LATE = auto()
    NOT_LOOKED_AT = auto()
    ORDER_WAITS = auto()

    IN_STEP = auto()
    FOLDING = auto()
    PROJECTOR_LATE = auto()
    QUARANTINED = auto()
    NEWER_EVENT = auto()
    OTHER_RELEASE = auto()
    UNREADABLE = auto()
    SHOWN_LATER = auto()
    MATCHING = auto()
    MATCHER_LATE = auto()
    SPREADING = auto()
    NO_PHONE = auto()
    NOBODY_YET = auto()
    ARCHIVED = auto()
