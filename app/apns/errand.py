"""Whether an app is to be told of pictures now, and what that leaves behind: pure."""

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from app.apns.dispatch_rules import PictureRules
from app.apns.verdict import Verdict
from projections.budget import BudgetRules
from projections.picture_debt import ClaimedPhone, Told
from projections.pictures import Wanted

TO_TELL: Final = "to_tell"


def errand_of(phone: ClaimedPhone, wanted: Wanted, rules: PictureRules) -> Told:
    """Say what becomes of a phone without a push; the outcome `to_tell` says that one is due.

    Args:
        phone: As claimed.
        wanted: What its app should do.
        rules: How often it may be woken.
    """
    now = phone.now
    fetch, drop = _names(wanted)
    quiet = Told(
        phone=phone,
        due_at=wanted.look_at,
        fetch=fetch.intersection(phone.told_fetch),
        drop=drop.intersection(phone.told_drop),
        times=phone.told_times,
        outcome="nothing",
        why="The app knows what to fetch and delete.",
    )
    if fetch <= set(phone.told_fetch) and drop <= set(phone.told_drop):
        again_at = _again_at(phone, wanted, rules)
        if again_at is None:
            return quiet
        if now < again_at:
            why = "Apple took the push that tells the app what to fetch; the app has not reported since."
            return replace(quiet, due_at=_sooner(again_at, wanted.look_at), outcome="told", why=why)
    return _hindered(quiet, rules) or replace(quiet, outcome=TO_TELL)


def was_told(told: Told, wanted: Wanted, rules: PictureRules) -> Told:
    """Say what remains of a phone whose app was told now."""
    phone = told.phone
    fetch, drop = _names(wanted)
    again = phone.now + timedelta(seconds=rules.again) if fetch else None
    return replace(
        told,
        fetch=fetch,
        drop=drop,
        times=phone.told_times + 1 if fetch <= set(phone.told_fetch) else 1,
        due_at=_sooner(again, wanted.look_at),
        credit=phone.budget.left(phone.now, _budget(rules)) - 1,
    )


def refused(quiet: Told, verdict: Verdict) -> Told:
    """Say what remains of a push that was not accepted: another try later, or when there is news."""
    seconds = verdict.retry_after_seconds
    return replace(
        quiet,
        due_at=quiet.due_at if seconds is None else quiet.phone.now,
        block_seconds=seconds,
        attempts=quiet.phone.attempts + 1,
        outcome=verdict.outcome,
        why=verdict.why,
    )


def _hindered(quiet: Told, rules: PictureRules) -> Told | None:
    """Say what keeps an app from being told now; None: nothing does."""
    phone, now = quiet.phone, quiet.phone.now
    if phone.app is None:
        return replace(quiet, outcome="gone", why="The phone is signed out.")
    if phone.token is None or phone.token.refused:
        why = "The app has not reported its device token, or Apple refused it: it is told at its launch only."
        return replace(quiet, outcome="no_token", why=why)
    if phone.shadowed:
        return replace(quiet, outcome="shadow", why="Shadow mode: the app is not told.")
    blocked_until = phone.token.blocked_until
    if blocked_until is not None and now < blocked_until:
        return replace(quiet, due_at=blocked_until, outcome="waiting", why="Apple wants fewer pushes to this phone.")
    refilled_at = phone.budget.waits_until(now, _budget(rules))
    if refilled_at is not None:
        why = "The app was woken as often as iOS allows for now."
        return replace(quiet, due_at=refilled_at, outcome="waiting", why=why)
    return None


def _again_at(phone: ClaimedPhone, wanted: Wanted, rules: PictureRules) -> datetime | None:
    """Tell when an app is told the same once more; None: it has answered, or was told often enough."""
    silent = phone.told_at is not None and (phone.reported_at is None or phone.reported_at < phone.told_at)
    if phone.told_at is None or not silent or not wanted.fetch or phone.told_times >= rules.times:
        return None
    return phone.told_at + timedelta(seconds=rules.again)


def _names(wanted: Wanted) -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(each.ref for each in wanted.fetch), frozenset(each.ref for each in wanted.drop)


def _budget(rules: PictureRules) -> BudgetRules:
    return BudgetRules(most=rules.most, refill=rules.refill)


def _sooner(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((each for each in (one, other) if each is not None), default=None)
