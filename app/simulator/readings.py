"""Put into JSON what the phones show."""

from typing import Any

import msgspec

from app.simulator.agent import PhoneAgent
from app.simulator.android_agent import AndroidAgent
from app.simulator.card import Card


def read_agent(agent: PhoneAgent | AndroidAgent, now: float, *, records: bool) -> dict[str, Any]:
    """Give a phone of either kind; see `read_phone`."""
    if isinstance(agent, AndroidAgent):
        return read_android(agent, now, records=records)
    return read_phone(agent, now, records=records)


def read_phone(agent: PhoneAgent, now: float, *, records: bool) -> dict[str, Any]:
    """Give a phone and its cards.

    Args:
        agent: the phone's.
        now: Unix seconds, by the true time; the phone goes by its own.
        records: whether to include what each push did.
    """
    phone = agent.phone
    now += phone.behaviour.clock_offset_seconds
    reading: dict[str, Any] = {
        "id": phone.phone_id,
        "platform": "ios",
        "deviceId": phone.device_id,
        "customerId": phone.customer_id,
        "formerCustomers": phone.former_customers,
        "app": phone.bundle_id,
        "environment": phone.environment,
        "profile": agent.profile.name,
        "behaviour": phone.behaviour,
        "permission": phone.permission,
        "forceQuit": phone.force_quit,
        "online": agent.online,
        "urgentLeft": phone.urgent_left(now),
        "startTokens": dict(phone.start_tokens),
        "alertToken": phone.alert_token,
        "notifications": phone.notifications,
        "pictures": list(phone.pictures.values()),
        "failedPictures": phone.failed_pictures,
        "cards": [read_card(card, now) for card in phone.cards.values()],
        "complaints": agent.complaints,
        "missing": agent.missing,
    }
    if records:
        reading["pushes"] = list(phone.records)
    return reading


def read_android(agent: AndroidAgent, now: float, *, records: bool) -> dict[str, Any]:
    """Give a phone with Android and its Live Updates; see `read_phone`."""
    phone = agent.phone
    reading: dict[str, Any] = {
        "id": phone.phone_id,
        "platform": "android",
        "deviceId": phone.device_id,
        "customerId": phone.customer_id,
        "app": phone.app,
        "projectId": phone.project_id,
        "profile": agent.profile.name,
        "behaviour": phone.behaviour,
        "online": agent.online,
        "dozing": agent.dozing,
        "waiting": agent.waiting,
        "fcmToken": phone.token,
        "liveUpdates": [
            msgspec.to_builtins(shown) | {"visible": shown.is_visible(now)} for shown in phone.live_updates.values()
        ],
        "complaints": agent.complaints,
        "missing": agent.missing,
    }
    if records:
        reading["messages"] = list(phone.records)
    return reading


def read_card(card: Card, now: float) -> dict[str, Any]:
    """Give a card as the Lock Screen shows it."""
    skipped = {"declaration", "started_at", "shown_timestamp"}
    fields = {name: value for name, value in msgspec.structs.asdict(card).items() if name not in skipped}
    reading = {_camel(name): value for name, value in fields.items()}
    return reading | {
        "attributesType": card.declaration.name,
        "startedAt": card.started_at,
        "shownTimestamp": card.shown_timestamp,
        "visible": card.is_visible(now),
        "stale": card.state == "active" and card.stale_at is not None and card.stale_at <= now,
    }


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
