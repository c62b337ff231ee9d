"""Wait until phones and database are as they must be, and say what is not."""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from app.demo.bulk_oracle import expect_activities, judge_follower
from app.demo.images_judge import judge_pictures
from app.demo.oracle import expect_each
from app.simulator.phone import Phone
from app.simulator.readings import read_phone
from tests.faults.debts import read_debts, read_lost_starts, read_stray_channels
from tests.faults.history import Stages
from tests.faults.stage import Stage

REST_SECONDS = 10.0
LONGEST_REST_SECONDS = 90.0
# It must stay right, too.
QUIET_LOOKS = 4
WOKEN_TOO_OFTEN = "the app was woken too often in this hour"

Log = Mapping[str, list[dict[str, Any]]]


async def read_log(stage: Stage) -> Log:
    """Read all events of everything that was told of, by the API."""
    subjects = [*stage.people.orders, *stage.concerts.followers]
    return {subject: await stage.shop.read_events(subject) for subject in subjects}


def expect_all(stage: Stage, log: Log) -> Stages:
    """Ask the oracles what is to be shown after each event of each subject."""
    return {
        subject: (expect_activities if subject in stage.concerts.followers else expect_each)(subject, events)
        for subject, events in log.items()
    }


async def come_to_rest(
    stage: Stage, stages: Stages, *, tokens_die: bool = False
) -> tuple[list[str], set[tuple[str, str]]]:
    """Wait until phones and database are as they must be: 10 s after the last timer, at the most.

    Args:
        stage: Everything that takes part.
        stages: What the oracle expects of each order.
        tokens_die: A push that APNs has taken may be on its way to a token that dies, and nobody is told.

    Returns:
        What is still wrong, and the starts that were given up.
    """
    now = time.monotonic()
    deadline, latest, quiet = now + REST_SECONDS, now + LONGEST_REST_SECONDS, 0
    connection = await stage.postgres.connect()
    try:
        while True:
            debts = await read_debts(connection)
            arrived = {each.card_id.lower() for each in stage.people.shown if each.card_id and each.event == "start"}
            came = {each.apns_id.lower() for each in stage.people.shown}
            taken = {each.apns_id.lower() for each in stage.simulator.pushes if each.status == 200}
            lost = await read_lost_starts(connection, arrived, taken - came if tokens_die else ())
            wrong = debts.open + _judge_phones(stage, stages, lost) + await stage.backend.missing(connection)
            wrong += await read_stray_channels(connection, [each.channel_id for each in stage.simulator.channels])
            now = time.monotonic()
            quiet = quiet + 1 if not wrong else 0
            if quiet == QUIET_LOOKS or (wrong and now > min(deadline, latest)):
                return wrong, lost
            if debts.timer_seconds > 0:
                deadline = now + debts.timer_seconds + REST_SECONDS
            await asyncio.sleep(0.25)
    finally:
        await connection.close()


def _judge_phones(stage: Stage, stages: Stages, lost: set[tuple[str, str]]) -> list[str]:
    """Ask the oracles about every phone, as far as it could know."""
    moment = datetime.now(UTC)
    concerts = stage.concerts.followers
    of_customer: dict[str | None, list[str]] = {}
    for subject, seen in stages.items():
        if seen and subject not in concerts:
            of_customer.setdefault(seen[-1].customer_id, []).append(subject)
    wrong: list[str] = []
    for agent in stage.simulator.phones.values():
        reading = msgspec.to_builtins(read_phone(agent, moment.timestamp(), records=False))
        if _was_woken_too_often(agent.phone):
            reading["behaviour"]["fetchesPictures"] = False
        of_orders = [card for card in reading["cards"] if card["subject"] not in concerts]
        subjects = {card["subject"] for card in of_orders} | set(of_customer.get(reading["customerId"], ()))
        known = {
            subject: stages[subject]
            for subject in (*subjects, *concerts)
            if subject in stages and not _given_up(reading, subject, lost)
        }
        played = {subject: known.pop(subject) for subject in concerts if subject in known}
        pictures = stage.pictures.gallery.manifest
        wrong += judge_pictures({**reading, "cards": of_orders}, known, moment, pictures, late=True)
        wrong += judge_follower(concerts, reading, played, moment)
    return wrong


def _was_woken_too_often(phone: Phone) -> bool:
    return any(each.effect == WOKEN_TOO_OFTEN for each in phone.records)


def _given_up(reading: dict[str, Any], subject: str, lost: set[tuple[str, str]]) -> bool:
    shows = any(card["subject"] == subject for card in reading["cards"])
    return not shows and (subject, reading["deviceId"]) in lost
