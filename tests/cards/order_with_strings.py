"""Orders with alerts in several languages: some by the server's words, some by the app's strings."""

from typing import Final

from msgspec.structs import replace

from projections.alert_text import EventAlert, Localised, Translated
from projections.content_state import CARD as ORDER

STRINGS: Final = {
    "en": {"placed.body": "Thanks! Order %1$@ is in.", "news.title": "%@"},
    "el": {"placed.body": "Λάβαμε την παραγγελία %1$@.", "news.title": "%@"},
}
"""What the app ships."""

CARD = replace(
    ORDER,
    title=Localised("news.title", lambda view: (view.merchant_name,)),
    alerts={
        "order.placed": Localised("placed.body", lambda view: (view.order_number or "?",)),
        "order.picked_up": EventAlert(
            title="Lockstep",
            body=Translated(
                "It is on its way.", {"el": "Έρχεται!", "de": lambda view: f"{view.merchant_name}: unterwegs"}
            ),
            sound="horn.caf",
        ),
        "order.note": EventAlert(body=lambda view: f"Note: {view.note}, {view.courier_name}", sound=None),
    },
    otherwise=Localised("news.body"),
)
