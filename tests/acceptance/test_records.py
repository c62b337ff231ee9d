"""What is written down, and what never is."""

import logging
from collections.abc import Iterator

import msgspec
import pytest
import structlog

from tests.acceptance.world import World, card_of, is_live

NAME = "Canary Kanarienvogel"
NOTE = "canary-note-4711"
ITEM = "canary-dish-0815"


async def test_receipts_tell_of_committed_versions_alone(world: World) -> None:
    """Promise 6: appends that are rolled back while the service runs send nothing, and leave nothing."""
    phone = await world.phone()
    await world.place()
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    for number in range(5):
        async with world.service.pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await connection.execute("UPDATE heads SET version = version + 1, settled_at = NULL")
            await connection.execute(
                "INSERT INTO events SELECT slot, subject_id, version, 'shop', 'never', 'order.delivered', 1, '\\x00', "
                "'{}', NULL, lockstep_now(), lockstep_now(), NULL FROM heads"
            )
            world.service.doorbell.ring(behind=["order-1"], due=list(range(256)))
            await world.pass_time(2)
            await transaction.rollback()
        await world.happen_and_rest("order-1", "order.note", text=f"note {number}")

    assert card_of(phone).content["status"] == "placed"
    assert card_of(phone).content["note"] == "note 4"
    written = await world.service.pool.fetch(
        "SELECT r.version, e.version IS NOT NULL AS committed, r.outcome, r.apns_id::text FROM receipts AS r "
        "LEFT JOIN events AS e USING (slot, subject_id, version)"
    )
    assert all(row["committed"] for row in written)
    assert {row["apns_id"] for row in written} == {push.apns_id for push in world.pushes}
    assert len(written) == len(world.pushes)


class Heard(logging.Handler):
    """Collects what libraries log, at every level."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        # httpcore and h2 tell every header at DEBUG, which set_up_logs never lets through
        if record.levelno >= logging.WARNING:
            self.lines.append(record.getMessage())


@pytest.fixture
def heard() -> Iterator[Heard]:
    """Everything that libraries say meanwhile, as `set_up_logs` would let it through."""
    handler = Heard()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


async def test_no_secret_leaves_its_place(world: World, heard: Heard, capfd: pytest.CaptureFixture[str]) -> None:
    """Promise 24: canaries in every personal field and secret stand in no log line and in no plain column."""
    with structlog.testing.capture_logs() as ours:
        phone = await world.phone()
        await world.place(items=[{"name": ITEM, "quantity": 1}])
        await world.until(lambda: is_live(phone))
        await world.come_to_rest()
        await world.happen_and_rest("order-1", "order.courier_assigned", courierName=NAME)
        await world.happen_and_rest("order-1", "order.note", text=NOTE, alert=True)
        world.fault("reason:ExpiredToken", token=card_of(phone).update_token)
        await world.happen_and_rest("order-1", "order.ready", note=NOTE)
        world.fault("reason:InvalidProviderToken")
        phone.rotate_token(card_of(phone).activity_id)
        await world.until(lambda: any(push.status == 403 for push in world.pushes))
        await world.happen("order-1", "order.courier_assigned", courierName=[NAME], expected=422)
    dumped = await dump(world)
    logged = "\n".join([repr(line) for line in ours] + heard.lines + list(capfd.readouterr()))
    secrets = {
        "name": NAME,
        "note": NOTE,
        "item": ITEM,
        "api key": world.api_key.rpartition("_")[2],
        "signing key": world.signing_key.splitlines()[1],
        "update token": card_of(phone).update_token or "",
        "start token": phone.phone.start_tokens["OrderAttributes"],
        **{f"ticket {place}": ticket for place, ticket in enumerate(world.tickets)},
    }

    assert "apns_needs_an_operator" in logged
    assert len(dumped) > 5_000
    assert [what for what, secret in secrets.items() if secret in logged] == []
    assert [what for what, secret in secrets.items() if secret in dumped] == []
    assert [what for what, secret in secrets.items() if secret.encode().hex() in dumped] == []


async def dump(world: World) -> str:
    """Give every row of every table as text."""
    tables = await world.service.pool.fetch(
        "SELECT oid::regclass::text AS name FROM pg_class "
        "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition"
    )
    rows = [
        row["line"]
        for table in tables
        for row in await world.service.pool.fetch(f"SELECT t::text AS line FROM {table['name']} AS t")
    ]
    return "\n".join(rows) + msgspec.json.encode([table["name"] for table in tables]).decode()
