"""Judge the order of what happened on each phone: nothing older after something newer, no card started twice."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from app.demo.oracle import Expected
from app.simulator.pushes import ReceivedPush
from tests.faults.people import Shown

# What depends on the time, or on the phone: judged where these are known.
NOT_COMPARED = frozenset({"updatedAt", "freshness", "imageKey"})

Stages = Mapping[str, Sequence[Expected]]


def judge_order(shown: Iterable[Shown], stages: Stages) -> list[str]:
    """Give every regression in words.

    Args:
        shown: What pushes did on all phones, in the order in which they did it.
        stages: What the oracle expects after each event of each order.
    """
    by_card: defaultdict[tuple[str, str], list[Shown]] = defaultdict(list)
    for each in shown:
        if each.applied and each.activity_id is not None:
            by_card[each.phone_id, each.activity_id].append(each)
    faults: list[str] = []
    for (phone_id, activity_id), pushes in by_card.items():
        where = f"phone {phone_id}, order {pushes[0].subject}, card {activity_id}"
        faults += [f"{where}: {fault}" for fault in (*_timestamps(pushes), *_contents(pushes, stages))]
    return faults


def judge_starts(shown: Iterable[Shown], once: Collection[str]) -> list[str]:
    """Give every card that was started more than once, in words, and every second card of what is to be begun once.

    Args:
        shown: What pushes did on all phones.
        once: Subjects of which no phone is ever to have another card, whatever became of the first.
    """
    started = [each for each in shown if each.event == "start" and each.applied]
    starts = Counter((each.card_id, each.phone_id) for each in started)
    cards = Counter((each.subject, each.phone_id) for each in started if each.subject in once)
    return [
        f"phone {phone_id}: {what} was started {n} times"
        for what, phone_id, n in (
            *((f"card {card_id}", phone_id, n) for (card_id, phone_id), n in starts.items()),
            *((f"a card of {subject}", phone_id, n) for (subject, phone_id), n in cards.items()),
        )
        if n > 1
    ]


def judge_spoken(pushes: Iterable[ReceivedPush]) -> list[str]:
    """Give every alert that a channel spoke more than once, in words; no two of a channel have the same title."""
    spoken = Counter(
        (each.channel_id, told["title"])
        for each in pushes
        if each.channel_id is not None and each.payload is not None and each.status in (200, None)
        if (told := each.payload["aps"].get("alert")) is not None
    )
    return [f"the channel {channel} spoke {title!r} {n} times" for (channel, title), n in spoken.items() if n > 1]


def judge_received(pushes: Iterable[ReceivedPush]) -> list[str]:
    """Give every card of which APNs took more than one start, in words: whatever the phones made of it."""
    taken: Counter[str] = Counter()
    for each in pushes:
        # without a status the sender got no answer, but the push may have gone on to the phone
        if each.payload is not None and each.event == "start" and each.status in (200, None):
            taken[each.payload["aps"]["attributes"]["cardId"]] += 1
    return [f"APNs took {count} starts of card {card_id}" for card_id, count in taken.items() if count > 1]


def judge_told(
    pushes: Iterable[ReceivedPush],
    stages: Stages,
    users: Mapping[str, str | None],
    audiences: Mapping[str, Collection[str]],
) -> list[str]:
    """Give what ordinary notifications told to somebody else, or more often than something happened, in words.

    Args:
        pushes: What APNs received.
        stages: What the oracle expects after each event of each order.
        users: Who uses each phone; nobody changes in a run.
        audiences: The customers of what is for several.
    """
    told: Counter[tuple[str, str]] = Counter()
    faults: list[str] = []
    for each in pushes:
        if each.payload is None or each.phone_id is None or each.event != "alert":
            continue
        order_id = each.payload["orderId"]
        told[order_id, each.phone_id] += each.status in (200, None)
        seen = stages.get(order_id, ())
        theirs = audiences.get(order_id, (seen[-1].customer_id,) if seen else ())
        if users[each.phone_id] not in theirs:
            faults.append(f"phone {each.phone_id} was told of the order {order_id}, which is not its user's")
    for (order_id, phone_id), count in told.items():
        events = len(stages.get(order_id, ()))
        if count > events:
            faults.append(
                f"phone {phone_id} was told of the order {order_id} {count} times, and it has {events} events"
            )
    return faults


def _timestamps(pushes: Sequence[Shown]) -> list[str]:
    return [
        f"applied the timestamp {later.timestamp} after {earlier.timestamp}"
        for earlier, later in pairwise(pushes)
        if later.timestamp <= earlier.timestamp and not _crossed(earlier, later)
    ]


def _crossed(start: Shown, end: Shown) -> bool:
    """Tell whether a channel ended a card in the second of its start: a phone takes ends whatever their timestamp."""
    return start.event == "start" and end.event == "end" and end.by_channel and start.timestamp == end.timestamp


def _contents(pushes: Sequence[Shown], stages: Stages) -> list[str]:
    """Find for each content the first stage, not before the last one, that looks like it."""
    contents = [_compared(stage.content) for stage in stages.get(pushes[0].subject or "", ())]
    reached, faults = 0, list[str]()
    for push in pushes:
        if push.content is None:
            continue
        content = _compared(push.content)
        found = [place for place, known in enumerate(contents) if known == content]
        if not found:
            faults.append(f"showed what no stage of the order was: {content}")
        elif found[-1] < reached:
            faults.append(f"showed version {found[-1] + 1} after version {reached + 1}")
        else:
            reached = next(place for place in found if place >= reached)
    return faults


def _compared(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name not in NOT_COMPARED}
