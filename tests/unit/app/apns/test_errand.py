"""When an app is told of pictures, and when it is left alone."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import pytest

from app.apns.dispatch_rules import PictureRules
from app.apns.errand import TO_TELL, errand_of, was_told
from projections.budget import StartBudget
from projections.picture_debt import ClaimedPhone, DeviceToken
from projections.pictures import Asset, Held, Wanted
from tests.examples.cards import seconds
from tests.examples.events import NOON

RULES: Final = PictureRules()
HOUR: Final = timedelta(hours=1)
TOKEN: Final = DeviceToken(
    token_hash=b"1", sealed=b"1", registered_at=NOON, environment="sandbox", refused=False, blocked_until=None
)
ROMA: Final = Asset(key="roma", sha256="aa" * 32, url="https://x", size_bytes=1, expires_at=None, put_at=NOON)
OLD: Final = Held(key="roma", sha256="bb" * 32)


def phone(**changes: Any) -> ClaimedPhone:
    """Give a phone that can be told."""
    fields: dict[str, Any] = {
        "device_id": "phone-1", "debt": 1, "lease": 1, "told_fetch": [], "told_drop": [], "told_at": None,
        "told_times": 0, "reported_at": None, "budget": StartBudget(), "attempts": 0, "app": "shop",
        "environment": "sandbox", "token": TOKEN, "shadowed": False, "now": NOON,
    }  # fmt: skip
    return ClaimedPhone(**fields | changes)


def wants(*fetch: Asset, drop: Sequence[Held] = ()) -> Wanted:
    """Give what an app should do, which may change in eight hours."""
    return Wanted(fetch, tuple(drop), NOON + 8 * HOUR)


@pytest.mark.parametrize(
    ("claimed", "wanted", "outcome", "due_at"),
    [
        (phone(), wants(ROMA), TO_TELL, NOON + 8 * HOUR),
        (phone(), wants(drop=[OLD]), TO_TELL, NOON + 8 * HOUR),
        (phone(), wants(), "nothing", NOON + 8 * HOUR),
        (phone(told_fetch=[ROMA.ref], told_at=NOON, told_times=1), wants(ROMA), "told", NOON + HOUR),
        (phone(told_fetch=[ROMA.ref], told_at=NOON - HOUR, told_times=2), wants(ROMA), TO_TELL, NOON + 8 * HOUR),
        (phone(told_fetch=[ROMA.ref], told_at=NOON - HOUR, told_times=3), wants(ROMA), "nothing", NOON + 8 * HOUR),
        (
            phone(told_fetch=[ROMA.ref], told_at=NOON - HOUR, told_times=1, reported_at=NOON),
            wants(ROMA), "nothing", NOON + 8 * HOUR,
        ),
        (phone(told_fetch=[ROMA.ref], told_at=NOON, told_times=1), wants(ROMA, drop=[OLD]), TO_TELL, NOON + 8 * HOUR),
        (phone(app=None), wants(ROMA), "gone", NOON + 8 * HOUR),
        (phone(token=None), wants(ROMA), "no_token", NOON + 8 * HOUR),
        (phone(shadowed=True), wants(ROMA), "shadow", NOON + 8 * HOUR),
        (phone(budget=StartBudget(0.5, NOON)), wants(ROMA), "waiting", seconds(600)),
    ],
)  # fmt: skip
def test_an_app_is_told_once_of_what_is_new(claimed: ClaimedPhone, wanted: Wanted, outcome: str, due_at: Any) -> None:
    """Again only if it keeps silent, three times at the most, and never beyond what iOS lets it be woken."""
    found = errand_of(claimed, wanted, RULES)

    assert (found.outcome, found.due_at) == (outcome, due_at)


def test_what_was_told_is_remembered() -> None:
    """With what is left of the budget; the next look is when the app has kept silent for long."""
    claimed = phone(told_fetch=[ROMA.ref], told_times=1)
    told = was_told(errand_of(claimed, wants(ROMA, drop=[OLD]), RULES), wants(ROMA, drop=[OLD]), RULES)

    assert (told.fetch, told.drop, told.times) == ({ROMA.ref}, {OLD.ref}, 2)
    assert (told.credit, told.due_at) == (2.0, NOON + HOUR)


def test_what_is_not_wanted_any_more_may_be_told_anew() -> None:
    """A picture that came and was deleted on the phone is news again."""
    assert errand_of(phone(told_fetch=[ROMA.ref]), wants(), RULES).fetch == frozenset()
