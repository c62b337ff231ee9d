"""What goes to a phone and what its app answers, as it stands on the wire: the Swift package decodes the same files.

LOCKSTEP_WRITE_GOLDEN=1 writes anew what goes to the phone. What the app reports is written by hand.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from app.apns import payload
from app.apns.preflight import MOST_BODY_BYTES
from app.devices.device import CardAnswer, CardReport, DeviceReport, LaunchAnswer, MissingCard
from app.devices.pictures import AssetErrand, FetchedAsset, PhoneAssets
from app.http.ticket_routes import TicketAnswer
from projections.content_state import ATTRIBUTES_TYPE, CARD
from projections.freshness import Freshness, with_freshness
from projections.order_view import EMPTY, fold
from tests.golden.recorded_histories import stream

HERE: Final = Path(__file__).parent / "wire"
CARD_ID: Final = "5e1c7a52-7dbb-4d6c-9f0b-0123456789ab"
ACTIVITY_ID: Final = "4C6E5C3F-0B1E-4B35-9D2E-1D0E2A6B7C8D"
NOON: Final = 1_762_000_000

VIEW: Final = fold(EMPTY, stream("delivery")[:6])
ATTRIBUTES: Final = CARD.draw_attributes(VIEW, card_id=CARD_ID, subject_id="order-1")
FRESH: Final = with_freshness(CARD.draw(VIEW), Freshness.FRESH)
LATE: Final = with_freshness(CARD.draw(VIEW), Freshness.LATE)
DELIVERED: Final = CARD.draw(fold(EMPTY, stream("delivery")))
REPORTS: Final = {"launch_report": DeviceReport, "card_report": CardReport, "phone_assets": PhoneAssets}
TAVERNA: Final = FetchedAsset(
    ref="taverna@9f86d081884c",
    url="https://shop.example.com/cards/taverna.png",
    sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    size_bytes=18_233,
)


def card_answer(*, end: bool = False) -> CardAnswer:
    """Give what the phone is told of a card."""
    return CardAnswer(
        card_id=CARD_ID,
        activity_id=None if end else ACTIVITY_ID,
        subject="order-2" if end else "order-1",
        attributes_type=ATTRIBUTES_TYPE,
        end=end,
        content_state=None if end else msgspec.Raw(FRESH),
    )


SENT: Final[dict[str, bytes]] = {
    "start": payload.start(
        timestamp=NOON,
        content_state=FRESH,
        attributes_type=ATTRIBUTES_TYPE,
        attributes=ATTRIBUTES,
        alert=payload.Alert(payload.Localised("order.placed.title", ("1234",)), "We have your order", "default"),
        stale_date=NOON + 3_600,
    ),
    "update": payload.update(timestamp=NOON + 1, content_state=LATE, stale_date=NOON + 3_600),
    "end": payload.end(timestamp=NOON + 2, content_state=DELIVERED, dismissal_date=NOON + 900),
    "card_answer": msgspec.json.encode(card_answer()),
    "launch_answer": msgspec.json.encode(
        LaunchAnswer(
            device_id="phone-1",
            cards=[card_answer(), card_answer(end=True)],
            missing=[
                MissingCard(
                    card_id=CARD_ID,
                    subject="order-1",
                    attributes_type=ATTRIBUTES_TYPE,
                    attributes=msgspec.Raw(ATTRIBUTES),
                    content_state=msgspec.Raw(FRESH),
                )
            ],
        )
    ),
    "pictures_push": payload.background(
        fetch=[payload.Fetch(TAVERNA.ref, TAVERNA.url, TAVERNA.sha256, TAVERNA.size_bytes)],
        drop=["roma@5e884898da28"],
        most_bytes=MOST_BODY_BYTES,
    ),
    "asset_errand": msgspec.json.encode(AssetErrand(fetch=[TAVERNA], drop=["roma@5e884898da28"])),
    "ticket": msgspec.json.encode(
        TicketAnswer("eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl", datetime.fromtimestamp(NOON, UTC))
    ),
}


def golden(name: str) -> Any:
    """Read a file."""
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", SENT)
def test_what_goes_to_a_phone_is_what_was_accepted(name: str) -> None:
    """Pushes, answers to apps, and tickets."""
    now = json.loads(SENT[name])
    if os.environ.get("LOCKSTEP_WRITE_GOLDEN"):
        text = json.dumps(now, indent=2, ensure_ascii=False)
        (HERE / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")

    assert golden(name) == now


@pytest.mark.parametrize("name", REPORTS)
def test_what_the_app_reports_is_taken(name: str) -> None:
    """It holds every field that there is, so a new one is met here."""
    report = msgspec.convert(golden(name), REPORTS[name])

    assert msgspec.to_builtins(report).keys() == golden(name).keys()
    assert all(value is not None for value in msgspec.structs.asdict(report).values())


def test_every_file_is_met() -> None:
    """None is left over."""
    assert {path.stem for path in HERE.glob("*.json")} == {*SENT, *REPORTS}
