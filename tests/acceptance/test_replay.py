"""A replay beside the running service reaches no phone."""

from tests.acceptance.world import World, card_of, is_live
from tests.integration.command_line import lockstep


async def test_replays_send_nothing_and_the_card_moves_on(world: World, dsn: str) -> None:
    """Verify, rebuild, one order, rollback: no push; the next event gets one, as if nothing had been."""
    phone = await world.phone()
    await world.place()
    await world.until(lambda: is_live(phone))
    await world.happen_and_rest("order-1", "order.preparing")
    before = world.kinds()
    for command in ("verify", "rebuild", "order order-1", "rollback", "rebuild"):
        done = await lockstep("replay", *command.split(), dsn=dsn)
        assert done.code == 0, done
        await world.come_to_rest()
        assert world.kinds() == before, command
    await world.happen_and_rest("order-1", "order.ready")

    assert world.kinds() == [*before, "update"]
    assert card_of(phone).content["status"] == "ready"
