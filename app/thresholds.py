"""Every threshold of plans, verdicts and sending as a setting: its name, its two defaults, and what it means.

The structs that hold the thresholds say it all; this file only gives each of their fields a variable's name.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

import msgspec

from app.access.quota import Quota, TicketQuota
from app.apns.dispatch_rules import DispatchRules, PictureRules, SendingRules, SendRules
from app.apns.verdict import FAST, VerdictSettings
from app.http.limits import HttpLimits
from app.webhooks.attempt import WebhookRules
from events.postgres.pool_rules import PoolRules
from projections.audience import AudienceRules
from projections.budget import BudgetRules, UrgentRules
from projections.eta import EtaRules
from projections.fallback import FallbackRules
from projections.freshness import FreshnessRules
from projections.plan_rules import PlanRules

FAST_RULES: Final = DispatchRules(
    lease=6.0,
    deadline=2.0,
    poll=0.2,
    plan=PlanRules(report_wait=2.0, app_first_grace=0.5, failed_again=1.0),
    verdicts=FAST,
    pictures=PictureRules(again=5.0),
)
"""The dispatcher's of the profile `fast`."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Every threshold there is."""

    dispatch: DispatchRules = DispatchRules()
    eta: EtaRules = EtaRules()
    webhook: WebhookRules = WebhookRules()
    audience: AudienceRules = AudienceRules()
    http: HttpLimits = HttpLimits()
    database: PoolRules = PoolRules()
    quota: Quota = Quota()
    ticket: TicketQuota = TicketQuota()


PROFILES: Final = {
    "default": Rules(),
    # for demonstrations and tests, where nobody wants to wait
    "fast": Rules(
        dispatch=FAST_RULES,
        eta=EtaRules(apart=1.0, stands=2.0),
        webhook=WebhookRules(timeout=2.0, lease=6.0, poll=0.2, hold=1.0, retries=(0.2, 0.5, *(1.0,) * 7)),
    ),
}

# Where each group of thresholds sits within the rules.
_GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "dispatch": ("dispatch",),
    "plan": ("dispatch", "plan"),
    "budget": ("dispatch", "plan", "budget"),
    "urgent": ("dispatch", "plan", "urgent"),
    "age": ("dispatch", "plan", "ages"),
    "fallback": ("dispatch", "plan", "fallback"),
    "verdict": ("dispatch", "verdicts"),
    "send": ("dispatch", "send"),
    "picture": ("dispatch", "pictures"),
    "eta": ("eta",),
    "webhook": ("webhook",),
    "audience": ("audience",),
    "http": ("http",),
    "database": ("database",),
    "quota": ("quota",),
    "ticket": ("ticket",),
}
_STRUCTS: Final[dict[str, tuple[type[msgspec.Struct], ...]]] = {
    "dispatch": (SendingRules, DispatchRules),
    "plan": (PlanRules,),
    "budget": (BudgetRules,),
    "urgent": (UrgentRules,),
    "age": (FreshnessRules,),
    "fallback": (FallbackRules,),
    "verdict": (VerdictSettings,),
    "send": (SendRules,),
    "picture": (PictureRules,),
    "eta": (EtaRules,),
    "webhook": (WebhookRules,),
    "audience": (AudienceRules,),
    "http": (HttpLimits,),
    "database": (PoolRules,),
    "quota": (Quota,),
    "ticket": (TicketQuota,),
}


class Threshold(msgspec.Struct, frozen=True):
    """One number that can be set.

    Attributes:
        name: Of the setting, without its prefix.
        whole: It counts something.
        meaning: One sentence.
    """

    name: str
    default: float
    fast: float
    whole: bool
    meaning: str


@cache
def thresholds() -> tuple[Threshold, ...]:
    """List every threshold, by group."""
    return tuple(each for group in _GROUPS for each in _of_group(group))


def with_thresholds(rules: Rules, given: Mapping[str, float]) -> Rules:
    """Replace thresholds by those that were given, by name."""
    for group, path in _GROUPS.items():
        changes = {
            name.removeprefix(f"{group}_"): value
            for name, value in given.items()
            if name in {each.name for each in _of_group(group)}
        }
        if changes:
            rules = _replaced(rules, path, changes)
    return rules


def _of_group(group: str) -> Iterator[Threshold]:
    default, fast = (_at(PROFILES[name], _GROUPS[group]) for name in ("default", "fast"))
    meanings = {name: text for each in _STRUCTS[group] for name, text in _meanings(each).items()}
    for name, meaning in meanings.items():
        value = getattr(default, name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield Threshold(f"{group}_{name}", value, getattr(fast, name), isinstance(value, int), meaning)


def _at(rules: msgspec.Struct, path: tuple[str, ...]) -> Any:
    for name in path:
        rules = getattr(rules, name)
    return rules


def _replaced(rules: Any, path: tuple[str, ...], changes: Mapping[str, float]) -> Any:
    if not path:
        return msgspec.structs.replace(rules, **changes)
    inner = _replaced(getattr(rules, path[0]), path[1:], changes)
    return msgspec.structs.replace(rules, **{path[0]: inner})


def _meanings(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Read what a struct's docstring says of each attribute."""
    _, _, attributes = (struct.__doc__ or "").partition("Attributes:\n")
    found: dict[str, str] = {}
    for match in re.finditer(r"^ {8}(\w+): (.*(?:\n {12}.*)*)", attributes, re.MULTILINE):
        text = " ".join(match[2].split()).rstrip(".")
        found[match[1]] = text[0].upper() + text[1:] + "."
    return found
