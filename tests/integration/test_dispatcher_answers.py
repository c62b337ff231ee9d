"""What the dispatcher does with each kind of answer, and with none."""

import gc
import json
import re
import weakref
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.apns.answer import Answer
from app.apns.dispatch_rules import DispatchRules
from app.apns.errors import Ambiguous, NotSent, NotSentCause
from app.apns.fcm_request import FcmRequest
from app.apns.request import ApnsRequest
from projections.pauses import Pauses
from tests.conftest import Clock
from tests.examples.devices import UPDATE_TOKEN, reported
from tests.integration.dispatching import EVERYTHING, Apns, dispatcher, live, work
from tests.integration.flow import Flow


@pytest.fixture
def flow(owing: Flow) -> Flow:
    """One card in debt."""
    return owing


async def test_a_worker_that_vanishes_after_sending_causes_no_second_start(
    flow: Flow, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between send and settle: the next lease finds the intent, waits for the app, and counts the card as shown."""
    apns = Apns()
    lost = dispatcher(flow, apns)
    monkeypatch.setattr(lost._settler, "add", lambda *_: None)
    await work(lost)
    assert apns.events() == ["start"]
    await clock.advance(seconds=61)
    await work(dispatcher(flow, apns))
    assert (await flow.card())["phase"] == "shown"
    await flow.happen("order-1", "order.accepted")
    await flow.project("order-1")
    await work(dispatcher(flow, apns))

    assert apns.events() == ["start"]
    await clock.advance(hours=9)
    await work(dispatcher(flow, apns))
    assert (await flow.card())["outcome"] == "expired"


async def test_a_worker_that_vanishes_in_an_update_is_followed_by_a_later_timestamp(
    flow: Flow, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain updates write no intent: the reservation of the claim makes the next one later all the same."""
    await live(flow, clock)
    apns = Apns()
    for _ in range(3):
        await flow.happen("order-1", "order.eta_changed")
        await flow.happen("order-1", "order.note")
        await flow.project("order-1")
        lost = dispatcher(flow, apns)
        with monkeypatch.context() as patched:
            patched.setattr(lost._settler, "add", lambda *_: None)
            await work(lost)
        await clock.advance(seconds=61)
    await work(dispatcher(flow, apns))
    timestamps = [json.loads(request.payload)["aps"]["timestamp"] for request in apns.requests]

    assert len(timestamps) == 4
    assert timestamps == sorted(set(timestamps))


async def test_a_refused_start_token_is_retired_by_its_value(flow: Flow) -> None:
    """Every card of the phone that would have used it waits for a new one."""
    await flow.place("order-2")
    await flow.settle("order-2")
    apns = Apns(Answer(410, "Unregistered", timestamp_ms=4_000_000_000_000))
    await work(dispatcher(flow, apns, DispatchRules(batch=1)))

    assert len(apns.requests) <= 2
    assert await flow.pool.fetchval("SELECT count(*) FROM push_tokens WHERE refused_at IS NOT NULL") == 1
    before = len(apns.requests)
    await flow.happen("order-1", "order.accepted")
    await flow.happen("order-2", "order.accepted")
    await flow.project("order-1", "order-2")
    await work(dispatcher(flow, apns))
    assert len(apns.requests) == before


async def test_a_refused_update_token_is_not_used_again(flow: Flow, clock: Clock) -> None:
    """By its value, on its card, until the app reports another."""
    await live(flow, clock)
    apns = Apns(Answer(410, "ExpiredToken", timestamp_ms=4_000_000_000_000))
    for type_ in ("order.accepted", "order.preparing"):
        await flow.happen("order-1", type_)
        await flow.project("order-1")
        await work(dispatcher(flow, apns))
        await clock.advance(seconds=2)
    assert apns.events() == ["update"]
    card_id = str((await flow.card())["card_id"])
    await flow.registry.report_card("phone-1", card_id, reported(update_token=UPDATE_TOKEN))
    await work(dispatcher(flow, apns))
    assert apns.events() == ["update"]
    await flow.registry.report_card("phone-1", card_id, reported(update_token="cc" * 32))
    await work(dispatcher(flow, apns))
    assert [request.token for request in apns.requests] == [UPDATE_TOKEN, "cc" * 32]


async def test_a_refused_credential_pauses_every_process(flow: Flow, clock: Clock) -> None:
    """By a row, with the reason, for the time of the hold; nothing is lost meanwhile."""
    apns = Apns(Answer(403, "InvalidProviderToken"))
    await work(dispatcher(flow, apns))
    [pause] = await Pauses(flow.pool).list()
    assert (pause.kind, pause.key) == ("credential", "KEY1234567/sandbox")
    await work(dispatcher(flow, apns))
    assert len(apns.requests) == 1
    await clock.advance(hours=1, seconds=61)
    await work(dispatcher(flow, apns))
    assert [request.apns_id for request in apns.requests] == list(
        dict.fromkeys(request.apns_id for request in apns.requests)
    )
    assert (await flow.card())["phase"] == "shown"


@pytest.mark.parametrize(
    ("failure", "phase"),
    [
        (NotSent("connection refused", cause=NotSentCause.CONNECT), "wanted"),
        (Ambiguous("connection lost"), "starting"),
        (Answer(500, "InternalServerError"), "wanted"),
    ],
    ids=["not sent", "unknown", "refused for now"],
)
async def test_a_start_that_did_not_succeed(flow: Flow, failure: Any, phase: str) -> None:
    """It is wanted again where it provably failed, and unknown where it may have arrived."""
    apns = Apns(failure)
    await work(dispatcher(flow, apns))

    assert apns.events() == ["start"]
    assert (await flow.card())["phase"] == phase


async def test_what_helps_once_is_not_tried_for_ever(flow: Flow, clock: Clock) -> None:
    """A second UnrelatedKeyIdInToken for the same card pauses the key, where the first only asked for a connection."""
    refusal = Answer(403, "UnrelatedKeyIdInToken")
    apns = Apns(refusal, refusal, refusal)
    for _ in range(3):
        await work(dispatcher(flow, apns))
        await clock.advance(seconds=2)

    assert len(apns.requests) == 2
    assert apns.renewed == [("sandbox", "TEAM123456/KEY1234567")]
    assert [each.kind for each in await Pauses(flow.pool).list()] == ["credential"]
    row = await flow.card()
    assert (row["last_answer"], row["same_answers"]) == ("UnrelatedKeyIdInToken", 2)


async def test_another_answer_in_between_begins_the_count_anew(flow: Flow, clock: Clock) -> None:
    """Two different troubles are not one that repeats."""
    apns = Apns(Answer(403, "UnrelatedKeyIdInToken"), Answer(500), Answer(403, "UnrelatedKeyIdInToken"))
    for _ in range(4):
        await work(dispatcher(flow, apns))
        await clock.advance(seconds=61)

    assert apns.events() == ["start"] * 4
    assert await Pauses(flow.pool).list() == []
    assert (await flow.card())["last_answer"] is None


async def test_many_500s_in_a_row_ask_for_a_new_connection(flow: Flow, clock: Clock) -> None:
    """Five on one connection, whichever cards they were for, and not the five after those either."""
    apns = Apns(*[Answer(500, "InternalServerError")] * 9)
    sending = dispatcher(flow, apns)
    for tries in range(1, 10):
        sending.hear(EVERYTHING)
        await work(sending)
        await clock.advance(seconds=61)
        assert len(apns.renewed) == tries // 5
    assert len(apns.requests) == 9


async def test_a_storm_of_bad_tokens_pauses_the_topic_and_retires_no_more(flow: Flow) -> None:
    """Many tokens of one app at once are not all dead: a wrong environment must not cost every phone its token."""
    count = 30
    for number in range(count):
        await flow.register(f"storm-{number}", f"customer-{number}")
        await flow.place(f"storm-{number}", f"customer-{number}")
    await flow.settle(*(f"storm-{number}" for number in range(count)))

    class Mistaken(Apns):
        """Every token is one of the other environment's."""

        async def send(
            self, request: ApnsRequest | FcmRequest, *, credential: str, bearer: str, deadline_seconds: float
        ) -> Answer:
            self.answers = [Answer(400, "BadDeviceToken")] if request.environment == "sandbox" else []
            return await super().send(request, credential=credential, bearer=bearer, deadline_seconds=deadline_seconds)

    apns = Mistaken()
    sending = dispatcher(flow, apns, DispatchRules(poll=1_000_000, in_flight=1))
    for _ in range(count):
        sending.hear(EVERYTHING)
        await work(sending)

    [pause] = await Pauses(flow.pool).list()
    assert (pause.kind, pause.key) == ("topic", "com.example.shop/sandbox")
    assert sum(request.environment == "sandbox" for request in apns.requests) == 11
    assert await flow.pool.fetchval("SELECT count(*) FROM push_tokens WHERE refused_at IS NOT NULL") == 0


async def test_an_update_goes_where_its_token_is_from(flow: Flow, clock: Clock) -> None:
    """A phone that moves to the other environment takes its cards' next tokens along, and not their old ones."""
    await live(flow, clock)
    await flow.register(environment="production", start_tokens={})
    await flow.match()
    await flow.happen("order-1", "order.accepted")
    await flow.project("order-1")
    apns = Apns()
    await work(dispatcher(flow, apns))
    assert [request.environment for request in apns.requests] == ["sandbox"]
    card_id = str((await flow.card())["card_id"])
    await flow.registry.report_card("phone-1", card_id, reported(update_token="cc" * 32))
    await flow.happen("order-1", "order.preparing")
    await flow.project("order-1")
    await clock.advance(seconds=2)
    await work(dispatcher(flow, apns))
    assert [request.environment for request in apns.requests] == ["sandbox", "production"]


async def test_a_card_that_waits_starts_where_its_phone_is_now(flow: Flow) -> None:
    """The environment of a card that was not started yet follows its phone's."""
    await flow.register(environment="production")
    await flow.match()
    await Pauses(flow.pool).pause("credential", "KEY1234567/sandbox", reason="a test")
    apns = Apns()
    await work(dispatcher(flow, apns))
    assert [request.environment for request in apns.requests] == ["production"]


@pytest.mark.parametrize("kind", ["start", "update"])
async def test_a_token_of_another_app_is_suspect_and_retired_the_second_time(
    flow: Flow, clock: Clock, kind: str
) -> None:
    """Nothing is sent to it until there is news; then once more, and then never again."""
    if kind == "update":
        await live(flow, clock)
    refusal = Answer(400, "DeviceTokenNotForTopic")
    apns = Apns(*[refusal] * 9)
    sent = []
    for type_ in ("order.accepted", "order.preparing", "order.ready"):
        await flow.happen("order-1", type_)
        await flow.project("order-1")
        for _ in range(3):
            await work(dispatcher(flow, apns))
            await clock.advance(seconds=2)
        sent.append(len(apns.requests))

    assert sent == [1, 2, 2]


async def test_a_clock_that_is_off_is_named(flow: Flow, clock: Clock) -> None:
    """A fresh token that APNs calls expired was signed by a wrong clock: which, and by how much."""
    now = (await clock.now()).timestamp()
    refusal = Answer(403, "ExpiredProviderToken", server_time=now + 4_000)
    with capture_logs() as lines:
        await work(dispatcher(flow, Apns(refusal)))

    [told] = [line["detail"] for line in lines if line["event"] == "apns_needs_an_operator"]
    assert re.search(r"Postgres is (3999|4000) s behind APNs'", told)


async def test_a_push_without_an_answer_leaves_nothing_for_the_collector(flow: Flow) -> None:
    """What it held is freed when it is settled: under a flood of silence cycles would pile up for minutes."""
    errors: list[weakref.ref[Ambiguous]] = []

    async def look(_: ApnsRequest) -> None:
        raise _noted(errors)

    apns = Apns()
    apns.look = look
    gc.disable()
    try:
        await work(dispatcher(flow, apns))
        assert [error() for error in errors] == [None]
    finally:
        gc.enable()


def _noted(errors: list[weakref.ref[Ambiguous]]) -> Ambiguous:
    error = Ambiguous("no answer")
    errors.append(weakref.ref(error))
    return error
