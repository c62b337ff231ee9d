"""A phone as its app describes it and the tokens that it tells of, as rows."""

import asyncpg

from app.devices.cards_of_others import move_cards_of_others
from app.devices.device import AnyReport
from events.postgres.deadlocks import fetch_through_deadlocks
from events.postgres.errors import DEADLOCK
from events.postgres.pool import Connection
from events.postgres.statements import statement
from events.sealing import Keyring
from events.slot import ALL_SLOTS

REPORTING_SECONDS = 5.0
"""The longest that the matcher waits for the cards which a launch tells of: one that we do not know would be started
again."""


async def store_device(
    connection: Connection, keyring: Keyring, device_id: str, report: AnyReport
) -> tuple[int, list[str]]:
    """Write device and tokens; give how many starts it did not tell of, and the ids that the phone had before."""
    moved = False
    while True:
        try:
            async with connection.transaction():
                return await _write_device(connection, keyring, device_id, report, moved=moved)
        except _KnownByAnotherIdError as known:
            # it is known by this id before its cards are, and has its tokens after them
            await _upsert(connection, keyring, device_id, report, REPORTING_SECONDS)
            await move_cards_of_others(connection, known.before, device_id, report.customer_id)
            moved = True
        except asyncpg.PostgresError as error:
            # two devices that take tokens from one another wait for one another
            if error.sqlstate != DEADLOCK:
                raise


async def renew_tokens(connection: Connection, device_id: str, *, again: bool = False) -> list[int]:
    """Let the cards of a phone with Android go by the token that it has now; give the slots of those put in debt.

    It is a transaction of its own.

    Args:
        connection: Where to write.
        device_id: The phone.
        again: Whether all are sent again, and not those alone that had another token.
    """
    token = await connection.fetchrow(statement("app/read_fcm_token"), device_id)
    if token is None:
        return []
    values = (ALL_SLOTS, device_id, token["token_hash"], token["token_sealed"], again)
    return [row["slot"] for row in await fetch_through_deadlocks(connection, "app/renew_card_tokens", *values)]


class _KnownByAnotherIdError(Exception):
    """The phone has had other ids, by its tokens; what was written of it is taken back."""

    def __init__(self, before: list[str]) -> None:
        super().__init__(before)
        self.before = before


async def _upsert(
    connection: Connection, keyring: Keyring, device_id: str, report: AnyReport, match_seconds: float
) -> int:
    """Write a device without its tokens, for the matcher to look at then; give how many starts it did not tell of."""
    silence: int = await connection.fetchval(
        statement("app/upsert_device"),
        device_id,
        report.customer_id,
        report.app,
        report.environment,
        report.ios_version,
        report.app_build,
        report.locale,
        report.activities_enabled,
        report.frequent_pushes_enabled,
        _alert_hash(keyring, report),
        match_seconds,
        None if report.tags is None else sorted(set(report.tags)),
        report.android_version,
    )
    return silence


def _alert_hash(keyring: Keyring, report: AnyReport) -> bytes | None:
    token = report.notification_token
    return None if token is None else keyring.blind(report.app, report.environment, token)


async def _write_device(
    connection: Connection, keyring: Keyring, device_id: str, report: AnyReport, *, moved: bool
) -> tuple[int, list[str]]:
    """Write device and tokens.

    Args:
        connection: Within a transaction.
        keyring: Seals tokens.
        device_id: The phone.
        report: What it said.
        moved: Whether the cards that it had under other ids have been moved.

    Raises:
        _KnownByAnotherIdError: They have not.
    """
    silence = await _upsert(connection, keyring, device_id, report, REPORTING_SECONDS if report.cards else 0.0)
    alert_hash, alert_token = _alert_hash(keyring, report), report.notification_token
    tokens = report.tokens
    hashes = {name: keyring.blind(report.app, report.environment, token) for name, token in tokens.items()}
    values = {hashes[name]: token for name, token in tokens.items()}
    if alert_hash is not None and alert_token is not None:
        values[alert_hash] = alert_token
    earlier: list[str] = []
    if values:
        order = sorted(values)
        names = (report.app, report.environment, device_id, order)
        sealed = [keyring.seal_token(values[each]) for each in order]
        held = await connection.fetch(statement("app/hold_tokens"), *names, sealed)
        earlier = sorted({row["device_id"] for row in held} - {device_id})
        if earlier and not moved:
            raise _KnownByAnotherIdError(earlier)
        if earlier:
            await connection.execute(statement("app/take_tokens"), *names, earlier)
    await connection.execute(
        statement("app/set_start_tokens"), device_id, list(hashes), list(hashes.values()), report.ios_version
    )
    return silence, earlier
