"""The commands by which people act on cards, each as a process of its own."""

import json

from projections.pause import ALL
from projections.pauses import Pauses
from tests.integration.command_line import begin, lockstep
from tests.integration.dispatching import Apns, dispatcher, work
from tests.integration.flow import Flow


async def test_cards_are_found_sent_again_and_ended(owing: Flow, dsn: str) -> None:
    """What is asked is done by the next dispatcher; what cannot be asked is said."""
    await work(dispatcher(owing, Apns()))
    card_id = str((await owing.card())["card_id"])
    listed = await lockstep("cards", "list", "--order", "order-1", "--json", dsn=dsn)
    again = await lockstep("cards", "resend", "order-1", "--card", card_id, dsn=dsn)
    nobody = await lockstep("cards", "end", "order-2", dsn=dsn)
    stuck = await lockstep("cards", "stuck", "--minutes", "0", dsn=dsn)

    assert [(each["cardId"], each["phase"], each["why"]) for each in listed.json["cards"]] == [
        (card_id, "shown", "The order is open, and the phone can be sent a card.")
    ]
    assert (again.code, again.out) == (0, f"{card_id} will be sent again.\n")
    assert (nobody.code, "no open card" in nobody.err) == (1, True)
    assert (stuck.code, card_id in stuck.out) == (1, True)


async def test_a_shadow_is_cast_listed_and_lifted(owing: Flow, dsn: str) -> None:
    """The list names the command that lifts it."""
    cast = await lockstep("shadow", "on", "--share", "90", "--reason", "first week", dsn=dsn)
    listed = await lockstep("shadow", "list", dsn=dsn)
    lifted = await lockstep("shadow", "off", "--share", "90", dsn=dsn)

    assert (cast.code, lifted.code) == (0, 0)
    assert "lockstep shadow off --share 90" in listed.out
    assert await owing.pool.fetchval("SELECT count(*) FROM shadows") == 0


async def test_a_recovery_wants_a_pause_and_a_word(owing: Flow, dsn: str) -> None:
    """Without them nothing is doubted, and what to do first is said."""
    early = await lockstep("recover", "--yes", dsn=dsn)
    await Pauses(owing.pool).pause(*ALL, reason="recovering")
    silent = await lockstep("recover", dsn=dsn)
    done = await lockstep("recover", "--yes", "--json", dsn=dsn)

    assert (early.code, "lockstep pause all" in early.err) == (2, True)
    assert (silent.code, "--yes" in silent.err) == (2, True)
    assert (done.code, done.json) == (0, {"cards": 1, "open": 1, "stopped_audiences": []})


async def test_a_recovery_waits_for_cards_that_are_still_to_be_made(owing: Flow, dsn: str) -> None:
    """They were started before the restore, most likely, and nobody would know."""
    await Pauses(owing.pool).pause(*ALL, reason="recovering")
    await owing.place("order-2")
    folding = await lockstep("recover", "--yes", "--wait", "0", dsn=dsn)
    await owing.project("order-2")
    matching = await lockstep("recover", "--yes", "--wait", "0", dsn=dsn)
    process = await begin("recover", "--yes", "--json", dsn=dsn)
    await owing.match()
    out, _ = await process.communicate()

    assert (folding.code, "1 orders or phones" in folding.err) == (2, True)
    assert (matching.code, "1 orders or phones" in matching.err) == (2, True)
    assert (process.returncode, json.loads(out)) == (0, {"cards": 2, "open": 2, "stopped_audiences": []})


async def test_the_tokens_of_a_phone_are_retired(owing: Flow, dsn: str) -> None:
    """Its card waits for another, and says so."""
    done = await lockstep("tokens", "retire", "phone-1", dsn=dsn)
    nobody = await lockstep("tokens", "retire", "phone-2", dsn=dsn)
    apns = Apns()
    await work(dispatcher(owing, apns))

    assert (done.code, nobody.code) == (0, 1)
    assert apns.events() == []
    assert "refused the phone's start token" in (await owing.card())["why"]


async def test_a_webhook_is_set_up_looked_at_and_deleted(owing: Flow, dsn: str) -> None:
    """Its secret is shown when it is made; a mistake names the field, and what is not there is said."""
    url = "https://crm.example.com/lockstep"
    made = await lockstep("webhooks", "put", "crm", "--url", url, "--type", "card.started", dsn=dsn)
    inward = await lockstep("webhooks", "put", "crm", "--url", "https://10.0.0.1/", dsn=dsn)
    rotated = await lockstep("webhooks", "rotate", "crm", "--json", dsn=dsn)
    await work(dispatcher(owing, Apns()))
    told = await lockstep("webhooks", "deliveries", "crm", "--state", "waiting", "--json", dsn=dsn)
    again = await lockstep("webhooks", "resend", "crm", "--since", "2026-01-01", dsn=dsn)
    unknown = await lockstep("webhooks", "show", "shop", dsn=dsn)
    gone = await lockstep("webhooks", "delete", "crm", dsn=dsn)

    assert made.out.startswith("whsec_")
    assert (inward.code, "LOCKSTEP_WEBHOOK_NETWORKS" in inward.err) == (2, True)
    assert rotated.json["secret"] != made.out.strip()
    assert [each["state"] for each in told.json["deliveries"]] == ["waiting"]
    assert (again.code, again.out, gone.code) == (0, "1 facts are sent again.\n", 0)
    assert (unknown.code, "lockstep webhooks list" in unknown.err) == (2, True)
