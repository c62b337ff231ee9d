"""Put into JSON what the app tells Lockstep."""

from collections.abc import Collection
from typing import Any

from app.simulator.card import Card
from app.simulator.phone import Phone


def card_report(card: Card) -> dict[str, Any]:
    """Give what the app reports of one card; one without a token yet is `starting`, unless it follows a channel."""
    waits = card.state == "active" and card.update_token is None and card.channel_id is None
    report: dict[str, Any] = {
        "subject": card.subject,
        "attributesType": card.declaration.name,
        "activityId": card.activity_id,
        "state": "starting" if waits else card.state,
    }
    if card.update_token is not None:
        report["updateToken"] = card.update_token
    return report


def device_report(phone: Phone, customer_id: str | None, *, without: Collection[str]) -> dict[str, Any]:
    """Give what the app reports at launch.

    Args:
        phone: the device, its tokens and cards.
        customer_id: the user when the report was decided on, who may have left since.
        without: activities that are over and that Lockstep knows to be.
    """
    behaviour = phone.behaviour
    return {
        "customerId": customer_id,
        "app": phone.bundle_id,
        "environment": phone.environment,
        "iosVersion": behaviour.ios_version,
        "appBuild": behaviour.app_build,
        "locale": behaviour.locale,
        "activitiesEnabled": behaviour.activities_enabled,
        "frequentPushesEnabled": behaviour.frequent_pushes_enabled,
        "startTokens": dict(phone.start_tokens),
        "alertToken": phone.alert_token,
        "cards": [_listed(card) for card in phone.cards.values() if card.activity_id not in without],
    }


def _listed(card: Card) -> dict[str, Any]:
    listed = {
        "activityId": card.activity_id,
        "subject": card.subject,
        "attributesType": card.declaration.name,
        "state": card.state,
    }
    if card.card_id is not None:
        listed["cardId"] = card.card_id
    if card.update_token is not None:
        listed["updateToken"] = card.update_token
    return listed
