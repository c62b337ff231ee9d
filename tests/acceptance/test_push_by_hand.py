"""`lockstep push test`: a person tries a key, an app and a token, against an APNs that checks them."""

from tests.acceptance.world import World, card_of
from tests.integration.command_line import Done, lockstep


async def by_hand(world: World, dsn: str, token: str, **more: str) -> Done:
    """Send a start as an operator would."""
    options = ("--token", token, "--app", "app.lockstep.demo", "--environment", "sandbox", "--json")
    return await lockstep("push", "test", *options, dsn=dsn, **(world.apple | more))


async def test_a_push_by_hand_arrives_and_says_what_apns_said(world: World, dsn: str) -> None:
    """The phone shows it; a token that is not good is explained, with the next step."""
    phone = await world.phone()
    good = await by_hand(world, dsn, phone.phone.start_tokens["OrderAttributes"])
    bad = await by_hand(world, dsn, "ab" * 32)

    assert (good.code, good.json["status"]) == (0, 200)
    assert card_of(phone).attributes["merchantName"] == "Lockstep"
    assert (bad.code, bad.json["status"], bad.json["reason"]) == (1, 400, "BadDeviceToken")
    assert "environment" in bad.json["next"]


async def test_a_push_by_hand_that_cannot_leave_says_why(world: World, dsn: str) -> None:
    """What is mistyped, and an APNs that is not there."""
    mistyped = await by_hand(world, dsn, "abc")
    nobody = await by_hand(world, dsn, "ab" * 32, LOCKSTEP_APNS_SANDBOX_URL="https://localhost:9")

    assert (mistyped.code, "--token" in mistyped.err) == (2, True)
    assert (nobody.code, "did not leave" in nobody.err) == (2, True)
