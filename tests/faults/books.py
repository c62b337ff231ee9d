"""Compare the log by SQL, the log by the API, the ledger, the views and the receipts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from events.keyring import open_keyring
from events.postgres.pool import OwnConnection, open_pool
from events.secret_keys import SecretKeys
from events.store import EventStore
from projections.order_view import EMPTY
from projections.view import fingerprint, fold
from tests.faults.history import Stages
from tests.faults.ledger import Key, Ledger

Events = Mapping[str, Sequence[Mapping[str, Any]]]


async def judge_log(connection: OwnConnection, ledger: Ledger, by_api: Events) -> list[str]:
    """Say where log, API and ledger disagree."""
    rows = await connection.fetch(
        "SELECT subject_id, source, event_id, version, type FROM events ORDER BY subject_id, version"
    )
    stored: defaultdict[Key, list[int]] = defaultdict(list)
    versions: defaultdict[str, list[int]] = defaultdict(list)
    for row in rows:
        stored[row["subject_id"], row["source"], row["event_id"]].append(row["version"])
        versions[row["subject_id"]].append(row["version"])
    faults = [
        f"event {key} was acknowledged as version {version}, and the log has it as {stored.get(key, 'nothing')}"
        for key, version in ledger.versions.items()
        if stored.get(key) != [version]
    ]
    faults += [f"event {key} is in the log, but nobody ever said it" for key in stored if key not in ledger.intended]
    faults += [
        f"the versions of {subject} are {found}, not 1 to {len(found)}"
        for subject, found in versions.items()
        if found != list(range(1, len(found) + 1))
    ]
    heads = {
        row["subject_id"]: row["version"] for row in await connection.fetch("SELECT subject_id, version FROM heads")
    }
    faults += [
        f"the head of {subject} is {heads.get(subject)}, its log ends at {found[-1]}"
        for subject, found in versions.items()
        if heads.get(subject) != found[-1]
    ]
    faults += [
        f"{subject} has the head {head} and no events" for subject, head in heads.items() if subject not in versions
    ]
    return faults + _judge_api(rows, ledger, by_api)


def _judge_api(rows: Sequence[Any], ledger: Ledger, by_api: Events) -> list[str]:
    sql = {(row["subject_id"], row["source"], row["event_id"], row["version"], row["type"]) for row in rows}
    api = {
        (order_id, event["source"], event["id"], event["version"], event["type"])
        for order_id, events in by_api.items()
        for event in events
    }
    faults = [f"the API and SQL disagree about {each}" for each in sorted(sql ^ api)]
    for order_id, events in by_api.items():
        for event in events:
            said = ledger.intended.get((order_id, event["source"], event["id"]))
            if said is not None and (said.type != event["type"] or not _same(said.data, event["data"])):
                faults.append(
                    f"event {event['id']} of {order_id} was said as {said.data}, and stored as {event['data']}"
                )
    return faults


def judge_orders(answers: Mapping[str, Mapping[str, Any]], stages: Stages) -> list[str]:
    """Compare what the API says of each order with the oracle."""
    faults: list[str] = []
    for order_id, seen in stages.items():
        answer = answers[order_id]
        content = {name: value for name, value in (answer.get("contentState") or {}).items() if name != "updatedAt"}
        expected = seen[-1].content if seen else {}
        if content != expected or answer.get("version", 0) != len(seen):
            faults.append(
                f"the API shows {order_id} at version {answer.get('version')} as {content}, and the oracle"
                f" at version {len(seen)} as {expected}"
            )
    return faults


async def judge_views(dsn: str, secret_key: bytes, subjects: Sequence[str]) -> list[str]:
    """Fold every order anew and compare the fingerprints with those of the views."""
    pool = await open_pool(dsn, name="chaos-harness", most=4)
    try:
        keyring = await open_keyring(pool, SecretKeys(secret_key))
        store = EventStore(pool, keyring)
        kept = {
            row["subject_id"]: row
            for row in await pool.fetch(
                "SELECT v.subject_id, v.version, v.fingerprint FROM views AS v JOIN slots USING (slot, generation)"
            )
        }
        faults: list[str] = []
        for subject in subjects:
            view = fold(EMPTY, [event async for event in store.read_subject(subject)])
            row = kept.get(subject)
            if view.version == 0 and row is None:
                continue
            if row is None or (row["version"], row["fingerprint"]) != (view.version, fingerprint(view, keyring.hash)):
                at = None if row is None else row["version"]
                faults.append(f"the view of {subject} at version {at} is not its fold at version {view.version}")
        return faults
    finally:
        await pool.close()


async def judge_receipts(connection: OwnConnection) -> list[str]:
    """Find pushes of what was never committed."""
    rows = await connection.fetch(
        "SELECT r.subject_id, r.kind, r.version, h.version AS head FROM receipts AS r"
        " LEFT JOIN heads AS h USING (slot, subject_id) WHERE r.version > coalesce(h.version, 0)"
    )
    return [
        f"a receipt of {row['subject_id']} names version {row['version']}, and its head is {row['head']}"
        for row in rows
    ]


async def judge_started_again(connection: OwnConnection) -> list[str]:
    """Find cards whose start was sent once more although it may have arrived; `on_unknown_start` is `never`."""
    rows = await connection.fetch(
        "SELECT c.subject_id, c.card_id, c.restarts, count(r.apns_id) AS starts"
        " FROM cards AS c LEFT JOIN receipts AS r ON r.slot = c.slot AND r.subject_id = c.subject_id"
        "  AND r.card_id = c.card_id AND r.kind = 'start' AND r.outcome IN ('accepted', 'unknown')"
        " GROUP BY c.slot, c.subject_id, c.card_id HAVING c.restarts > 0 OR count(DISTINCT r.apns_id) > 1"
    )
    return [
        f"card {row['card_id']} of {row['subject_id']} was started again {row['restarts']} times,"
        f" and has {row['starts']} receipts of starts that may have arrived"
        for row in rows
    ]


async def judge_told_again(connection: OwnConnection) -> list[str]:
    """Find ordinary notifications that APNs accepted twice for one card and version."""
    rows = await connection.fetch(
        "SELECT subject_id, card_id, version, count(*) AS times FROM receipts WHERE kind = 'alert' AND status = 200"
        " GROUP BY slot, subject_id, card_id, version HAVING count(*) > 1"
    )
    return [
        f"card {row['card_id']} of {row['subject_id']} was told of version {row['version']} {row['times']} times"
        for row in rows
    ]


def _same(said: Mapping[str, Any], stored: Mapping[str, Any]) -> bool:
    known = {name: value for name, value in stored.items() if value is not None}
    return said.keys() == known.keys() and all(_value(said[name]) == _value(known[name]) for name in said)


def _value(value: Any) -> Any:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return value
