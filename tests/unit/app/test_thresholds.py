"""Thresholds as settings."""

import pytest
from msgspec.structs import replace

from app.errors import SettingsError
from app.settings import load_settings
from app.thresholds import FAST_RULES, Rules, thresholds, with_thresholds

NAMES = [each.name for each in thresholds()]


def test_every_threshold_has_a_name_of_its_own_and_a_meaning() -> None:
    """What a table can be made of."""
    assert len(set(NAMES)) == len(NAMES) > 25
    assert [each.name for each in thresholds() if len(each.meaning) < 20] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_threshold_that_is_set_reaches_its_rule_and_no_other(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its variable, over the profile's own value."""
    # a lease is to be longer than the deadline or the timeout, whatever both are
    value = 7 if name in ("dispatch_deadline", "webhook_timeout") else 77
    monkeypatch.setenv(f"LOCKSTEP_{name.upper()}", str(value))
    rules = load_settings().rules()

    assert rules == with_thresholds(Rules(), {name: value}) != Rules()


def test_the_profile_is_where_thresholds_begin() -> None:
    """One that is set changes that one alone."""
    rules = load_settings(profile="fast", plan_report_wait=5).dispatch_rules()

    assert rules == replace(FAST_RULES, plan=replace(FAST_RULES.plan, report_wait=5))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"roles": "all"}, "LOCKSTEP_ROLES: "),
        ({"verdict_hold": "soon"}, "LOCKSTEP_VERDICT_HOLD"),
        ({"dispatch_batch": 1.5}, "LOCKSTEP_DISPATCH_BATCH"),
        ({"budget_most": 0}, "LOCKSTEP_BUDGET_MOST"),
        ({"dispatch_lease": 10}, "LOCKSTEP_DISPATCH_LEASE (10 s) is to be longer than LOCKSTEP_DISPATCH_DEADLINE"),
    ],
)
def test_a_threshold_that_cannot_be_is_named(given: dict[str, object], told: str) -> None:
    """With the variable, so that it can be found and mended."""
    with pytest.raises(SettingsError) as raised:
        load_settings(**given)
    assert told in str(raised.value)
