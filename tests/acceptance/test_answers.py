"""What APNs answers, or does not: nothing is shown twice, and everything comes right in the end."""

import pytest

from events.postgres.statements import statement
from events.slot import slot_of
from projections.pause import ALL
from projections.pauses import Pauses
from tests.acceptance.world import World, card_of, cards_of, is_live


async def test_a_token_that_is_gone_waits_for_a_new_one(world: World) -> None:
    """410 on the update token: nothing more to it, no start, and the next token is caught up at once."""
    phone = await world.phone()
    await world.place()
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    gone = card_of(phone).update_token
    world.fault("reason:ExpiredToken", token=gone)
    await world.happen_and_rest("order-1", "order.preparing")
    await world.happen_and_rest("order-1", "order.ready")
    refused = [push for push in world.pushes if push.token == gone]
    assert [push.status for push in refused] == [410]
    [told] = (await world.order())["cards"]
    assert "Apple refused the card's update token" in told["why"]

    phone.rotate_token(card_of(phone).activity_id)
    await world.until(lambda: card_of(phone).content["status"] == "ready")
    assert world.kinds() == ["start", "update"]


async def test_a_refused_start_token_is_not_used_again(world: World) -> None:
    """410 on the start token: no send in between, also when the same value is registered again; a new one starts."""
    phone = await world.phone()
    gone = phone.phone.start_tokens["OrderAttributes"]
    world.fault("reason:Unregistered", token=gone)
    await world.place()
    await world.come_to_rest()
    phone.launch()
    await world.happen_and_rest("order-1", "order.preparing")
    assert [push.status for push in world.pushes] == [410]

    phone.rotate_start_tokens()
    await world.until(lambda: is_live(phone))
    assert [push.status for push in world.pushes if push.token == gone] == [410]
    assert world.kinds() == ["start"]


async def test_a_start_token_of_another_app_is_tried_twice(world: World) -> None:
    """The second refusal retires it; the app's other pushes are not paused for it, and a new token starts the card."""
    phone = await world.phone()
    wrong = phone.phone.start_tokens["OrderAttributes"]
    world.fault("reason:DeviceTokenNotForTopic", token=wrong, times=None)
    await world.place()
    await world.come_to_rest()
    assert [push.status for push in world.pushes] == [400, 400]

    phone.rotate_start_tokens()
    await world.until(lambda: is_live(phone))
    assert world.kinds() == ["start"]


async def test_a_token_registered_after_it_died_is_tried_once_more(world: World) -> None:
    """APNs' time is older than the registration: asked again once, and the second refusal stands."""
    phone = await world.phone()
    await world.place()
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    world.fault("reason:ExpiredToken", times=2, token=card_of(phone).update_token, timestamp_ms=1_000)
    await world.happen_and_rest("order-1", "order.preparing")
    await world.happen_and_rest("order-1", "order.ready")

    assert [push.status for push in world.pushes] == [200, 410, 410]


SLOT = slot_of("order-1")


@pytest.mark.parametrize(
    "fault",
    ["reason:InternalServerError", "reason:ServiceUnavailable", "reason:TooManyRequests", "reset", "reason:Shutdown"],
)
async def test_a_refusal_that_passes_is_overcome(world: World, fault: str) -> None:
    """Three in a row, for the start and for an update; the phone ends as the order, with one card."""
    phone = await world.phone()
    world.fault(fault, times=3)
    await world.place()
    await world.come_to_rest()
    world.fault(fault, times=3)
    await world.happen_and_rest("order-1", "order.preparing")

    assert world.kinds() == ["start", "update"]
    assert len(world.pushes) == 8
    assert card_of(phone).content["status"] == "preparing"


async def test_apns_that_is_away_is_waited_for(world: World) -> None:
    """Nothing arrives while it is down; afterwards the card comes, once, as the order is then."""
    phone = await world.phone()
    server = world.simulator.servers[0]
    port = server.port
    await server.stop(grace_seconds=0)
    await world.place()
    await world.happen("order-1", "order.preparing")
    while (await world.order())["cards"] == [] or (await world.order())["cards"][0]["outcome"] != "retrying":
        pass
    await server.start("127.0.0.1", port)
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()

    assert card_of(phone).content["status"] == "preparing"
    assert world.kinds() == ["start"]


async def test_a_start_whose_answer_is_lost_shows_one_card(world: World) -> None:
    """The connection is cut after APNs took it: the app's report decides, nothing is started again."""
    phone = await world.phone()
    world.fault("cut_after_processing")
    await world.place()
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    await world.happen_and_rest("order-1", "order.preparing")

    # what was accepted is not known, so the state is sent once more
    assert world.kinds() == ["start", "update", "update"]
    assert card_of(phone).content["status"] == "preparing"


async def test_a_start_whose_answer_is_lost_is_counted_as_shown_when_nobody_reports(world: World) -> None:
    """The app is force-quit and stays silent: by the default policy there is no second start, ever."""
    phone = await world.phone()
    phone.force_quit()
    world.fault("cut_after_processing")
    await world.place()
    await world.until(lambda: bool(cards_of(phone)))
    await world.come_to_rest()
    await world.pass_time(120)
    await world.happen_and_rest("order-1", "order.preparing")
    [told] = (await world.order())["cards"]

    assert world.kinds() == ["start"]
    assert (told["phase"], len(cards_of(phone))) == ("shown", 1)


async def test_an_update_whose_answer_is_lost_is_sent_again_without_its_alert(world: World) -> None:
    """The newest state goes out under a later timestamp; what may have been heard is not spoken twice."""
    phone = await world.phone()
    await world.place()
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    world.fault("cut_after_processing")
    await world.happen_and_rest("order-1", "order.ready")
    updates = [record for record in phone.phone.records if record.event == "update"]

    assert card_of(phone).content["status"] == "ready"
    assert len(updates) == 2
    assert [record.alert for record in updates] == ["Taverna Ilios", None]
    assert (updates[0].timestamp or 0) < (updates[1].timestamp or 0)


@pytest.mark.parametrize("silent", [True, False], ids=["the app is silent", "the app reports the end"])
async def test_an_end_whose_answer_is_lost_is_sent_again(world: World, *, silent: bool) -> None:
    """Until APNs has accepted one, or the phone says that the card has ended."""
    phone = await world.phone()
    await world.place()
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    if silent:
        phone.force_quit()
    world.fault("cut_after_processing")
    await world.happen_and_rest("order-1", "order.delivered")

    assert card_of(phone).state == "ended"
    # the app's report and the next try race one another, and either may be first
    assert world.kinds() in ([["start", "end", "end"]] if silent else [["start", "end"], ["start", "end", "end"]])
    assert (await world.order())["cards"][0]["phase"] == "over"


async def test_the_stop_button_stops_and_lets_go_on(world: World) -> None:
    """Nothing is sent while it is pressed; then the newest state is, once."""
    phone = await world.phone()
    await world.place()
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    pauses = Pauses(world.service.pool)
    await pauses.pause(*ALL, reason="a person pressed it")
    await world.happen("order-1", "order.preparing")
    await world.happen("order-1", "order.ready")
    folded = statement("projections/read_views")
    while not any(row["version"] == 3 for row in await world.service.pool.fetch(folded, [SLOT], ["order-1"])):
        pass
    await world.pass_time(30)
    assert world.kinds() == ["start"]
    assert await pauses.resume(*ALL)
    await world.come_to_rest()

    assert world.kinds() == ["start", "update"]
    assert card_of(phone).content["status"] == "ready"
