"""How the dispatcher works, in numbers: read by settings and by those who explain, who must not reach the sender."""

import msgspec

from app.apns.verdict import DEFAULT, VerdictSettings
from projections.plan_rules import PlanRules


class SendRules(msgspec.Struct, frozen=True, kw_only=True):
    """How long APNs may keep a push for a phone that is away, in seconds.

    Attributes:
        start_expiry: How long APNs keeps a start; one that comes too late shows an order that has moved on.
        update_expiry: How long APNs keeps an update.
        alert_expiry: How long APNs keeps an ordinary notification; what it tells is old news after that.
        end_expiry: How long APNs keeps an end, which is worth something as long as a card can live.
    """

    start_expiry: float = 1_800.0
    update_expiry: float = 3_600.0
    end_expiry: float = 28_800.0
    alert_expiry: float = 3_600.0


class PictureRules(msgspec.Struct, frozen=True, kw_only=True):
    """How often a phone is woken to fetch pictures.

    Attributes:
        most: Background pushes that a phone is sent in a short time; Apple advises two or three an hour.
        refill: Seconds in which a phone can take one more.
        again: Seconds after which an app that has reported nothing since is told once more.
        times: How often it is told the same, at the most.
    """

    most: float = 3.0
    refill: float = 1_200.0
    again: float = 3_600.0
    times: int = 3


class SendingRules(msgspec.Struct, frozen=True, kw_only=True):
    """When a push is begun and how its answer is judged; seconds.

    Attributes:
        lease: How long a claim holds.
        deadline: The longest a push may take; a push is begun only while the lease lasts longer.
    """

    lease: float = 60.0
    deadline: float = 15.0
    plan: PlanRules = PlanRules()
    verdicts: VerdictSettings = DEFAULT
    pictures: PictureRules = PictureRules()


class DispatchRules(SendingRules, frozen=True, kw_only=True):
    """How the dispatcher works; seconds, unless the name says otherwise.

    Attributes:
        batch: Cards claimed at once, at the most.
        in_flight: Pushes under way at the most.
        unsettled: Pushes under way and settlements still to be written, at the most.
        poll: How often cards are looked for that no hint named.
        channel_list: How often Apple's list of channels is compared with ours.
        send: Expiry of pushes.
    """

    batch: int = 200
    in_flight: int = 500
    unsettled: int = 1_000
    poll: float = 1.0
    channel_list: float = 3_600.0
    send: SendRules = SendRules()
