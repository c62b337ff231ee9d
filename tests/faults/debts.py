"""Look for what is still to be done, and for why a phone may rightly lack a card."""

from collections.abc import Collection

import msgspec

from events.postgres.pool import OwnConnection

SOON_SECONDS = 30.0


class Debts(msgspec.Struct, frozen=True):
    """What the database still owes.

    Attributes:
        open: In words.
        timer_seconds: Until the last timer that is about to run out; 0 for none.
    """

    open: list[str]
    timer_seconds: float


async def read_debts(connection: OwnConnection) -> Debts:
    """Give everything that is behind, held or in debt without a reason."""
    cards = await connection.fetch(
        "SELECT c.subject_id, c.card_id, c.phase, c.why, c.outcome, c.leased_at, c.considered_version, v.version,"
        "       c.channel IS NOT NULL AS follows,"
        "       extract(epoch FROM c.claim_at - clock_timestamp())::float8 AS seconds,"
        # looks that the age of a card, or of its news, brings whatever becomes of it
        "       c.phase = 'shown' AND (c.outcome IN ('accepted', 'nothing')"
        "           OR c.due_at >= coalesce(c.started_at, c.created_at) + interval '30 minutes') AS routine"
        " FROM cards AS c JOIN slots AS s USING (slot)"
        " LEFT JOIN views AS v ON v.slot = s.slot AND v.generation = s.generation AND v.subject_id = c.subject_id"
        " WHERE c.phase <> 'over'"
    )
    found: list[str] = []
    timers = [0.0]
    for card in cards:
        where = f"card {card['card_id']} of {card['subject_id']} ({card['phase']}, {card['why']!r})"
        if card["seconds"] is not None and card["seconds"] <= (0.0 if card["routine"] else SOON_SECONDS):
            timers.append(card["seconds"])
            found.append(f"{where} is in debt; due in {card['seconds']:.1f} s")
        if card["leased_at"] is not None:
            found.append(f"{where} is under a lease since {card['leased_at']}")
        if card["why"] is None or card["outcome"] == "failed":
            found.append(f"{where} ended as {card['outcome']} without a good reason")
        # those that follow a channel are not looked at when it has news
        if not card["follows"] and card["version"] is not None and card["considered_version"] < card["version"]:
            found.append(f"{where} has considered {card['considered_version']} of {card['version']}")
    for looked in (await _read_channels(connection), await _read_phones(connection)):
        found += looked.open
        timers.append(looked.timer_seconds)
    found += [
        f"the key {row['key']} is being sought"
        for row in await connection.fetch("SELECT key FROM assets WHERE seek_slot IS NOT NULL")
    ]
    found += [
        f"the audience of {row['subject_id']} is not looked through"
        for row in await connection.fetch(
            "SELECT subject_id FROM audiences WHERE done_at IS NULL AND over_at IS NULL AND stopped_at IS NULL"
        )
    ]
    found += [
        f"the view of {row['subject_id']} is at {row['at']} of {row['version']}"
        for row in await connection.fetch(
            "SELECT h.subject_id, h.version, v.version AS at"
            " FROM heads AS h JOIN slots AS s USING (slot)"
            " LEFT JOIN views AS v USING (slot, generation, subject_id)"
            " WHERE h.version <> coalesce(v.version, 0) OR v.quarantined_at IS NOT NULL OR v.held_by_fold IS NOT NULL"
        )
    ]
    found += [
        f"{row['what']} {row['id']} waits for the matcher"
        for row in await connection.fetch(
            "SELECT 'view' AS what, subject_id AS id FROM views JOIN slots USING (slot, generation)"
            " WHERE match_due_at IS NOT NULL"
            " UNION ALL SELECT 'device', device_id FROM devices WHERE match_due_at IS NOT NULL"
        )
    ]
    found += [
        f"pushes are paused: {row['kind']} {row['key']}: {row['reason']}"
        for row in await connection.fetch("SELECT kind, key, reason FROM pauses WHERE until IS NULL OR until > now()")
    ]
    return Debts(found, max(timers))


async def _read_channels(connection: OwnConnection) -> Debts:
    """Give the channels that are behind, held or in debt without a reason."""
    found: list[str] = []
    timers = [0.0]
    channels = await connection.fetch(
        "SELECT c.subject_id, c.channel, c.phase, c.why, c.outcome, c.leased_at, c.considered_version, v.version,"
        "       extract(epoch FROM c.claim_at - clock_timestamp())::float8 AS seconds"
        " FROM channels AS c JOIN slots AS s USING (slot)"
        " LEFT JOIN views AS v ON v.slot = s.slot AND v.generation = s.generation AND v.subject_id = c.subject_id"
        " WHERE c.phase <> 'gone'"
    )
    for channel in channels:
        where = f"channel {channel['channel']} of {channel['subject_id']} ({channel['phase']}, {channel['why']!r})"
        # one that nobody follows any more is deleted by and by
        soon = 0.0 if channel["phase"] == "closing" else SOON_SECONDS
        if channel["seconds"] is not None and channel["seconds"] <= soon:
            timers.append(channel["seconds"])
            found.append(f"{where} is in debt; due in {channel['seconds']:.1f} s")
        if channel["leased_at"] is not None:
            found.append(f"{where} is under a lease since {channel['leased_at']}")
        if channel["outcome"] in ("failed", "lost"):
            found.append(f"{where} ended as {channel['outcome']}")
        if channel["version"] is not None and channel["considered_version"] < channel["version"]:
            found.append(f"{where} has considered {channel['considered_version']} of {channel['version']}")
    return Debts(found, max(timers))


async def read_stray_channels(connection: OwnConnection, there: Collection[str]) -> list[str]:
    """Say which channels are at APNs and not in use, or the other way round.

    Args:
        connection: To the database.
        there: The ids of those at APNs.
    """
    rows = await connection.fetch("SELECT channel_id FROM channels WHERE phase <> 'gone' AND channel_id IS NOT NULL")
    known = {row["channel_id"] for row in rows}
    return [
        *(f"the channel {each} is at APNs, and nobody knows it" for each in set(there) - known),
        *(f"the channel {each} is not at APNs" for each in known - set(there)),
    ]


async def _read_phones(connection: OwnConnection) -> Debts:
    """Give the phones whose apps are to be told of pictures."""
    found: list[str] = []
    timers = [0.0]
    for phone in await connection.fetch(
        "SELECT device_id, why, leased_until, extract(epoch FROM claim_at - clock_timestamp())::float8 AS seconds"
        " FROM asset_debts WHERE leased_until IS NOT NULL OR claim_at <= clock_timestamp() + make_interval(secs => $1)",
        SOON_SECONDS,
    ):
        timers.append(phone["seconds"] or 0.0)
        found.append(f"device {phone['device_id']} is in debt for pictures ({phone['why']!r})")
    return Debts(found, max(timers))


async def read_lost_starts(
    connection: OwnConnection, arrived: Collection[str], vanished: Collection[str] = ()
) -> set[tuple[str, str]]:
    """Give order and device of the cards whose start was written down and never reached APNs, or vanished after it.

    With `on_unknown_start=never` such a card is counted as shown: nobody can know better, and a second start might
    show it twice.

    Args:
        connection: To the database.
        arrived: The ids of all cards of which a start came to a phone.
        vanished: The apns-ids of what APNs took and what came to no phone, because the token died meanwhile.
    """
    rows = await connection.fetch(
        "SELECT c.subject_id, c.device_id, c.card_id FROM cards AS c"
        " WHERE c.phase IN ('starting', 'shown') AND c.reported_state IS NULL"
        "   AND NOT EXISTS (SELECT FROM receipts AS r WHERE r.slot = c.slot AND r.subject_id = c.subject_id"
        "                     AND r.card_id = c.card_id AND r.kind = 'start' AND r.status = 200"
        "                     AND r.apns_id::text <> ALL ($1))",
        list(vanished),
    )
    return {(row["subject_id"], row["device_id"]) for row in rows if str(row["card_id"]) not in arrived}
