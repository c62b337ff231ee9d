"""Judge the order of what happened on each phone: nothing older after something newer, no card started twice."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from app.demo.oracle import Expected
from app.simulator.pushes import ReceivedPush
from tests.faults.people import Shown

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


def judge_starts(shown: Iterable[Shown]) -> list[str]:
    """Give every card that was started more than once, in words."""
    starts = Counter((each.card_id, each.phone_id) for each in shown if each.event == "start" and each.applied)
    return [
        f"phone {phone_id}: card {card_id} was started {n} times" for (card_id, phone_id), n in starts.items() if n > 1
    ]


def judge_received(pushes: Iterable[ReceivedPush]) -> list[str]:
    """Give every card of which APNs took more than one start, in words: whatever the phones made of it."""
    taken: Counter[str] = Counter()
    for each in pushes:
        # without a status the sender got no answer, but the push may have gone on to the phone
        if each.payload is not None and each.event == "start" and each.status in (200, None):
            taken[each.payload["aps"]["attributes"]["cardId"]] += 1
    return [f"APNs took {count} starts of card {card_id}" for card_id, count in taken.items() if count > 1]


def judge_told(pushes: Iterable[ReceivedPush], stages: Stages, users: Mapping[str, str | None]) -> list[str]:
    """Give what ordinary notifications told to somebody else, or more often than something happened, in words.

    Args:
        pushes: What APNs received.
        stages: What the oracle expects after each event of each order.
        users: Who uses each phone; nobody changes in a run.
    """
    told: Counter[tuple[str, str]] = Counter()
    faults: list[str] = []
    for each in pushes:
        if each.payload is None or each.phone_id is None or each.event != "alert":
            continue
        order_id = each.payload["orderId"]
        told[order_id, each.phone_id] += each.status in (200, None)
        seen = stages.get(order_id, ())
        if not seen or seen[-1].customer_id != users[each.phone_id]:
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
        if later.timestamp <= earlier.timestamp
    ]


def _contents(pushes: Sequence[Shown], stages: Stages) -> list[str]:
    """Find for each content the first stage, not before the last one, that looks like it."""
    contents = [stage.content for stage in stages.get(pushes[0].subject or "", ())]
    reached, faults = 0, list[str]()
    for push in pushes:
        if push.content is None:
            continue
        content = {name: value for name, value in push.content.items() if name not in ("updatedAt", "freshness")}
        found = [place for place, known in enumerate(contents) if known == content]
        if not found:
            faults.append(f"showed what no stage of the order was: {content}")
        elif found[-1] < reached:
            faults.append(f"showed version {found[-1] + 1} after version {reached + 1}")
        else:
            reached = next(place for place in found if place >= reached)
    return faults
