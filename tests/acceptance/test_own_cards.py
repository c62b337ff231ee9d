"""Cards of a team's own, from the shop's event to the phone."""

from pathlib import Path
from typing import Final

from app.simulator.declaration import ORDER, Declaration
from projections.registry import Registry
from tests.acceptance.world import card_of, is_live, running_world
from tests.conftest import Clock

BRIEF: Final = Declaration(
    name="BriefAttributes",
    attributes={"cardId": "str", "orderId": "str", "merchant": "str"},
    content={"line": "str", "expectedAt": "int?", "updatedAt": "int"},
)


async def test_orders_are_shown_by_a_card_of_ones_own(
    dsn: str, clock: Clock, certificates: Path, cards: Registry
) -> None:
    """Its type, its attributes, its content and its words; the order and its history stay as they are."""
    async with running_world(dsn, clock, certificates, cards=["tests.cards.order_in_brief"]) as world:
        phone = await world.phone(declarations=(ORDER, BRIEF))
        await world.place()
        await world.until(lambda: is_live(phone))
        await world.come_to_rest()
        await world.happen_and_rest("order-1", "order.picked_up")
        card, page = card_of(phone), await world.order()

        assert cards.modules == ("tests.cards.order_in_brief",)
        assert (card.declaration.name, card.attributes["merchant"]) == ("BriefAttributes", "Taverna Ilios")
        assert card.content["line"] == "On its way"
        assert page["contentState"] == {each: card.content[each] for each in ("line", "updatedAt")}
        assert [(push.payload or {})["aps"]["alert"]["body"] for push in world.pushes] == [
            "Your order is in.",
            "Your order has moved.",
        ]
        assert phone.complaints == []
