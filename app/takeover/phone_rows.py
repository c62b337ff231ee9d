"""Phones that are taken over, and their tokens, as rows; every statement here is on the devices' side alone."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from app.devices.phone_tokens import REPORTING_SECONDS
from app.takeover.judgement import KnownPhone, Token
from app.takeover.line import MovingPhone
from events.postgres.deadlocks import commit_through_deadlocks, fetch_through_deadlocks
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from events.sealing import Keyring

_NOBODY: Final = Token(None, None)


class BlindToken(NamedTuple):
    """A token's name in the database."""

    app: str
    environment: str
    token_hash: bytes


class PhoneRows:
    """Reads and writes phones that move.

    Args:
        pool: Connections; one is used at a time.
        keyring: Seals tokens.
    """

    def __init__(self, pool: Pool, keyring: Keyring) -> None:
        self._pool = pool
        self._keyring = keyring

    def tokens_of(self, phone: MovingPhone) -> dict[str, BlindToken]:
        """Give a phone's tokens as they are stored, by their value."""
        device = phone.device
        values = {*device.tokens.values(), *([device.notification_token] if device.notification_token else ())}
        return {each: self._blind(phone, each) for each in sorted(values)}

    def hash_of(self, phone: MovingPhone, token: str) -> bytes:
        """Give the blind index of a token of a phone's."""
        return self._blind(phone, token).token_hash

    async def known(self, phones: Sequence[MovingPhone]) -> tuple[list[KnownPhone | None], list[list[Token]], datetime]:
        """Read what is known of phones, and who has their tokens; and give the time.

        A phone that has told of one of a line's tokens later than the line is the same one, under another id.
        """
        blind = [list(self.tokens_of(each).values()) for each in phones]
        wanted = sorted({each for tokens in blind for each in tokens})
        holders = {
            BlindToken(row["app"], row["environment"], row["token_hash"]): Token(row["device_id"], row["told_at"])
            for row in await self._pool.fetch(
                statement("app/find_token_holders"),
                [each.app for each in wanted],
                [each.environment for each in wanted],
                [each.token_hash for each in wanted],
            )
        }
        held = [[holders.get(each, _NOBODY) for each in tokens] for tokens in blind]
        ids = [_later_id(phone, tokens) for phone, tokens in zip(phones, held, strict=True)]
        rows = await self._pool.fetch(statement("app/read_moving_phones"), sorted(set(ids)))
        there = {
            row["device_id"]: KnownPhone(
                row["device_id"], row["customer_id"], row["app"], row["environment"], row["told_at"]
            )
            for row in rows
            if row["known"]
        }
        return [there.get(each) for each in ids], held, rows[0]["now"]

    async def store(self, phones: Iterable[MovingPhone]) -> set[str]:
        """Store phones without their start tokens, and give the ids of those of which nothing later was known."""
        ordered = sorted(phones, key=lambda each: each.device_id)
        devices = [each.device for each in ordered]
        alerts = [each.device.notification_token for each in ordered]
        rows = await fetch_through_deadlocks(
            self._pool,
            "app/put_moving_phones",
            [each.device_id for each in ordered],
            [each.customer_id for each in devices],
            [each.app for each in devices],
            [each.environment for each in devices],
            [each.ios_version for each in devices],
            [each.android_version for each in devices],
            [each.app_build for each in devices],
            [each.locale for each in devices],
            [each.activities_enabled for each in devices],
            [each.frequent_pushes_enabled for each in devices],
            [
                None if value is None else self.hash_of(phone, value)
                for phone, value in zip(ordered, alerts, strict=True)
            ],
            [None if each.tags is None else ",".join(sorted(set(each.tags))) for each in devices],
            [each.registered_at for each in ordered],
            REPORTING_SECONDS,
        )
        return {row["device_id"] for row in rows}

    async def store_tokens(self, phones: Sequence[MovingPhone], flagged: Collection[str]) -> None:
        """Store the tokens of phones, unless something later is known of those, and let the matcher look at them.

        Args:
            phones: Whose cards have been taken over.
            flagged: Those at which the matcher looks even if their tokens were known.
        """
        values = {blind: (token, each) for each in phones for token, blind in self.tokens_of(each).items()}
        ordered = sorted(values)
        placed = (
            [each.app for each in ordered],
            [each.environment for each in ordered],
            [each.token_hash for each in ordered],
            [self._keyring.seal_token(values[each][0]) for each in ordered],
            [values[each][1].device_id for each in ordered],
            [values[each][1].registered_at for each in ordered],
        )
        starts = [(each, name, token) for each in phones for name, token in each.device.tokens.items()]
        given = (
            [each.device_id for each in phones],
            [each.registered_at for each in phones],
            [each.device_id for each, _, _ in starts],
            [name for _, name, _ in starts],
            [self.hash_of(each, token) for each, _, token in starts],
            [each.device.ios_version for each, _, _ in starts],
            sorted(flagged),
        )

        async def write(connection: Connection) -> None:
            await connection.execute(statement("app/place_moving_tokens"), *placed)
            await connection.execute(statement("app/set_moving_start_tokens"), *given)

        await commit_through_deadlocks(self._pool, write)

    def _blind(self, phone: MovingPhone, token: str) -> BlindToken:
        app, environment = phone.device.app, phone.device.environment
        return BlindToken(app, environment, self._keyring.blind(app, environment, token))


def _later_id(phone: MovingPhone, tokens: Sequence[Token]) -> str:
    """Give the id by which a phone goes here: that under which it told of a token last."""
    told = [(each.told_at, each.holder) for each in tokens if each.told_at and each.holder]
    told_at, holder = max(told, default=(phone.registered_at, phone.device_id))
    return holder if told_at > phone.registered_at else phone.device_id
