"""Any history an order may have, for Hypothesis."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from events.envelope import RecordedEvent
from tests.examples.events import FACTS, NOON, new_event, recorded

NAMES = st.sampled_from(["Anna", "Ben", "Ç" * 200])
TIMES = st.integers(0, 40).map(lambda tens: (NOON + timedelta(seconds=100 * tens)).isoformat())
FIELDS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "order.placed": {"deliveryTime": TIMES, "showAt": TIMES, "customerId": NAMES.map(lambda name: name[:5])},
    "order.accepted": {"deliveryTime": TIMES, "note": NAMES},
    "order.preparing": {"note": NAMES},
    "order.ready": {},
    "order.courier_assigned": {"courierName": NAMES, "imageKey": st.sampled_from("xy")},
    "order.picked_up": {"deliveryTime": TIMES},
    "order.courier_arriving": {},
    "order.eta_changed": {"deliveryTime": TIMES},
    "order.rescheduled": {"showAt": TIMES, "deliveryTime": TIMES},
    "order.delayed": {"reason": NAMES},
    "order.delivered": {},
    "order.cancelled": {"reason": NAMES},
    "order.failed": {"reason": NAMES},
    "order.note": {"text": NAMES, "alert": st.booleans()},
    "order.erased": {},
}


@st.composite
def facts(draw: st.DrawFn, types: Sequence[str] = tuple(FIELDS)) -> tuple[str, dict[str, Any], datetime, datetime]:
    """Draw (type, data, occurred at, recorded at)."""
    type_ = draw(st.sampled_from(types))
    data = FACTS[type_] | {name: draw(values) for name, values in FIELDS[type_].items()}
    if type_ == "order.courier_assigned" and draw(st.booleans()):
        del data["courierId"]
    happened, heard = draw(st.tuples(st.integers(0, 12), st.integers(0, 12)))
    return type_, data, NOON + timedelta(seconds=happened / 2), NOON + timedelta(seconds=heard / 2)


@st.composite
def histories(draw: st.DrawFn, *, max_size: int = 40, without: Sequence[str] = ()) -> list[RecordedEvent]:
    """Draw the events of one order, in any business order, with repeats and clocks that disagree."""
    types = [type_ for type_ in FIELDS if type_ not in without]
    drawn = draw(st.lists(facts(types), max_size=max_size))
    if draw(st.booleans()):
        drawn.insert(0, ("order.placed", FACTS["order.placed"], NOON, NOON))
    return [
        recorded(new_event(type_, data, event_id=f"e{version}", occurred_at=happened), version, recorded_at=heard)
        for version, (type_, data, happened, heard) in enumerate(drawn, 1)
    ]
