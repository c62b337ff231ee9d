"""What a phone lets through in an hour, and how Lockstep keeps within it."""

from pathlib import Path

import pytest

from tests.acceptance.world import card_of, is_live, running_world
from tests.conftest import Clock


@pytest.mark.parametrize(
    ("most", "effects", "newest"),
    [(4, ["applied"] * 6, "note 5"), (60, ["applied"] * 4 + ["dropped"] * 2, "note 3")],
    ids=["rationed", "as if there were no budget"],
)
async def test_a_phone_drops_what_goes_beyond_its_hour_and_lockstep_does_not(
    dsn: str, clock: Clock, certificates: Path, most: int, effects: list[str], newest: str
) -> None:
    """Six things that the customer is to notice, on a phone that takes four: the rest comes with priority 5, or not."""
    async with running_world(dsn, clock, certificates, urgent_most=most, urgent_an_hour=1) as world:
        phone = await world.phone(urgent_an_hour=4)
        await world.place()
        await world.until(lambda: is_live(phone))
        await world.come_to_rest()
        for number in range(6):
            await world.happen_and_rest("order-1", "order.note", text=f"note {number}", alert=True)

        updates = [each for each in phone.phone.records if each.event == "update"]
        assert [each.effect.partition(":")[0] for each in updates] == effects
        assert card_of(phone).content["note"] == newest
