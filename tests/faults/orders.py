"""What a shop says of an order: from the placing to its end or to nowhere, in waves that come at the same time."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec


class Said(msgspec.Struct, frozen=True):
    """One event, as it is posted."""

    order_id: str
    event_id: str
    source: str
    type: str
    data: dict[str, Any]
    occurred_at: str | None = None

    def document(self) -> dict[str, Any]:
        """Give the plain shape."""
        occurred = {} if self.occurred_at is None else {"occurredAt": self.occurred_at}
        return {"id": self.event_id, "source": self.source, "type": self.type, "data": self.data} | occurred


Request = tuple[Said, ...]
Wave = tuple[Request, ...]


class Teller:
    """Tells the story of one order.

    Args:
        order_id: The order.
        customer_id: Whose it is.
        chance: Draws the story.
        picture: What it names, or None.
    """

    def __init__(self, order_id: str, customer_id: str, chance: random.Random, picture: str | None = None) -> None:
        self._order_id = order_id
        self._customer_id = customer_id
        self._picture = picture
        self._chance = chance
        self._count = 0

    def tell(self) -> list[Wave]:
        """Give the waves: requests that go out together, each with one event or a few."""
        happy = ("accepted", "preparing", "ready", "courier_assigned", "picked_up", "courier_arriving")
        said = [self._say(step) for step in happy[: self._chance.randint(2, len(happy))]]
        for _ in range(self._chance.randint(0, 5)):
            extra = self._chance.choice(("note", "eta_changed", "delayed", "courier_assigned", "note", "rescheduled"))
            said.insert(self._chance.randint(0, len(said)), self._say(extra))
        if self._chance.random() < 0.6:
            said.append(self._say(self._chance.choices(("delivered", "cancelled", "failed"), (8, 1, 1))[0]))
            if self._chance.random() < 0.2:
                said.append(self._say("note"))
        # now and then the placing is not the first that is heard
        said.insert(0 if self._chance.random() < 0.9 else min(2, len(said)), self._say("placed"))
        return self._waves(said)

    def _waves(self, said: list[Said]) -> list[Wave]:
        waves: list[Wave] = []
        while said:
            requests: list[Request] = []
            for _ in range(self._chance.choices((1, 2, 3), (75, 15, 10))[0]):
                size = self._chance.choices((1, 2, 4), (85, 10, 5))[0]
                if said:
                    requests.append(tuple(said[:size]))
                    said = said[size:]
            if self._chance.random() < 0.1:
                requests.append(requests[0])  # a client that says everything twice
            waves.append(tuple(requests))
        return waves

    def _say(self, step: str) -> Said:
        self._count += 1
        occurred_at = None
        if self._chance.random() < 0.3:
            occurred_at = self._in(-self._chance.uniform(0, 120))
        source = self._chance.choice(("/shop", "/kitchen"))
        return Said(self._order_id, f"e{self._count}", source, f"order.{step}", self._data(step), occurred_at)

    def _data(self, step: str) -> dict[str, Any]:
        match step:
            case "placed":
                show_at = {"showAt": self._in(2.0)} if self._chance.random() < 0.1 else {}
                items = [{"name": "ramen", "quantity": self._chance.randint(2, 4)}]
                whose = {"customerId": self._customer_id, "merchantName": "Noodle Bar", "items": items}
                picture = {} if self._picture is None else {"imageKey": self._picture}
                return whose | {"orderNumber": self._order_id[-6:]} | show_at | picture
            case "accepted" | "preparing" | "ready":
                return (
                    {"note": f"Note {self._count} of the kitchen, mit Grüßen."} if self._chance.random() < 0.3 else {}
                )
            case "courier_assigned":
                name = self._chance.choice(("Mira", "Jonas", "Zoë"))
                return (
                    {"courierName": name, "courierId": f"c-{name}"}
                    if self._chance.random() < 0.5
                    else {"courierName": name}
                )
            case "rescheduled":
                return {"showAt": self._in(self._chance.uniform(-2, 3))}
            case "eta_changed":
                return {"deliveryTime": self._in(self._chance.uniform(600, 3600))}
            case "delayed" | "cancelled" | "failed":
                return {"reason": "rain"}
            case "note":
                loud = {"alert": True} if self._chance.random() < 0.3 else {}
                return {"text": f"Word {self._count}"} | loud
            case _:
                return {}

    def _in(self, seconds: float) -> str:
        return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
