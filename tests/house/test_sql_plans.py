"""The statements that run all the time stay on their indexes, also when nearly everything is settled."""

import json
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest

from events.postgres.migrator import migrate
from events.postgres.pool import Connection, connect
from events.postgres.statements import statement
from tests.database import new_database
from tests.house.sql_files import STATEMENTS, read_head

SUBJECTS: Final = 12_000
FILL: Final = f"""
INSERT INTO heads (slot, subject_id, version, last_recorded_at, settled_at)
SELECT n % 256, 'order-' || n, 3, now(), CASE WHEN n % 600 = 0 THEN NULL ELSE now() END
FROM generate_series(1, {SUBJECTS}) AS n;

INSERT INTO events (slot, subject_id, version, source, event_id, type, schema_version, digest, data, occurred_at,
                    recorded_at)
SELECT n % 256, 'order-' || n, version, 'shop', 'event-' || version, 'order.note', 1, '\\x00', '{{}}', now(), now()
FROM generate_series(1, {SUBJECTS}) AS n, generate_series(1, 3) AS version;

INSERT INTO subject_keys (slot, subject_id, wrapped)
SELECT n % 256, 'order-' || n, '\\x00'
FROM generate_series(1, {SUBJECTS}) AS n;

INSERT INTO feed_slots (slot, position)
SELECT slot, 3 * 48
FROM generate_series(0, 255) AS slot;

INSERT INTO feed (slot, position, subject_id, version)
SELECT n % 256, 3 * (n / 256) + version, 'order-' || n, version
FROM generate_series(1, {SUBJECTS}) AS n, generate_series(1, 3) AS version;

INSERT INTO views (slot, generation, subject_id, version, prev_version, state, fingerprint, folded_at, customer_id,
                   match_due_at)
SELECT n % 256, 1, 'order-' || n, 3, 0, '{{}}', '\\x00', now(), 'customer-' || n,
       now() + CASE WHEN n % 600 = 0 THEN -1 ELSE 30 END * interval '1 day'
FROM generate_series(1, {SUBJECTS}) AS n;

INSERT INTO order_list (slot, subject_id, kind, status, over, customer_id, trouble, changed_at)
SELECT n % 256, 'order-' || n, 'order', CASE WHEN n % 600 = 0 THEN 'ready' ELSE 'delivered' END, n % 600 <> 0,
       'customer-' || n % 5000, CASE WHEN n % 600 = 0 THEN 'held' END, now() - n * interval '1 second'
FROM generate_series(1, {SUBJECTS}) AS n;

-- what a rebuild leaves until it is cleaned
INSERT INTO views (slot, generation, subject_id, version, prev_version, state, fingerprint, folded_at, customer_id,
                   match_due_at)
SELECT n % 256, 0, 'order-' || n, 3, 0, '{{}}', '\\x00', now(), 'customer-' || n, now() - interval '1 day'
FROM generate_series(1, {SUBJECTS}) AS n;

INSERT INTO cards (slot, subject_id, card_id, device_id, app, environment, attributes_type, generation, starter,
                   created_at, due_at)
SELECT n % 256, 'order-' || n, gen_random_uuid(), 'phone-' || n, 'shop', 'sandbox', 'OrderAttributes', 1, 'server',
       now(), CASE WHEN n % 600 = 0 THEN now() ELSE NULL END
FROM generate_series(1, {SUBJECTS}) AS n;

INSERT INTO devices (device_id, customer_id, app, environment, ios_version, activities_enabled, frequent_pushes,
                     registered_at, confirmed_at, match_due_at)
SELECT 'phone-' || n, 'customer-' || n, 'shop', 'sandbox', '26.0', true, true, now(), now(),
       CASE WHEN n % 600 = 0 THEN now() END
FROM generate_series(1, {SUBJECTS}) AS n;

INSERT INTO etas (slot, subject_id, delivery_time, at, source, changed_at, due_at)
SELECT n % 256, 'order-' || n, now(), now(), 'courier', now(),
       now() + CASE WHEN n % 600 = 0 THEN -1 ELSE 30 END * interval '1 minute'
FROM generate_series(1, {SUBJECTS}) AS n;

INSERT INTO card_facts (slot, position, subject_id, card_id, type, code, reason, at, app, attributes_type, generation)
SELECT n % 256, 1 + n / 256, 'order-' || n, gen_random_uuid(), 'card.started', 'accepted', '', now(), 'shop',
       'OrderAttributes', 1
FROM generate_series(1, {SUBJECTS}) AS n;

INSERT INTO webhook_deliveries (slot, position, webhook, due_at, delivered_at)
SELECT n % 256, 1 + n / 256, 'crm', CASE WHEN n % 600 = 0 THEN now() END, CASE WHEN n % 600 <> 0 THEN now() END
FROM generate_series(1, {SUBJECTS}) AS n;

INSERT INTO assets (key, sha256, url, size_bytes, put_at)
SELECT 'shop-' || n, 'aa', 'https://shop', 1, now()
FROM generate_series(1, 200) AS n;

INSERT INTO asset_uses (device_id, card_id, key, slot, subject_id, until)
SELECT 'phone-' || n, gen_random_uuid(), 'shop-' || n % 200, n % 256, 'order-' || n, now()
FROM generate_series(1, {SUBJECTS}) AS n;

INSERT INTO device_assets (device_id, key, sha256)
SELECT 'phone-' || n, 'shop-' || n % 200, 'aa'
FROM generate_series(1, {SUBJECTS}) AS n;

INSERT INTO asset_debts (device_id, due_at)
SELECT 'phone-' || n, CASE WHEN n % 600 = 0 THEN now() END
FROM generate_series(1, {SUBJECTS}) AS n;

INSERT INTO channels (slot, subject_id, channel, app, environment, attributes_type, generation, storage, created_at,
                      phase, due_at)
SELECT n % 256, 'order-' || n, gen_random_uuid(), 'shop', 'sandbox', 'OrderAttributes', 1, 'latest', now(),
       CASE WHEN n % 600 = 0 THEN 'open' ELSE 'gone' END, CASE WHEN n % 600 = 0 THEN now() END
FROM generate_series(1, {SUBJECTS}) AS n;

ANALYZE;
"""
INDEX_OF: Final = {
    "app/claim_deliveries": "webhook_deliveries_due",
    "events/find_duplicates": "events_slot_subject_id_source_event_id_key",
    "events/find_unnumbered": "heads_unsettled",
    "events/list_heads": "heads_pkey",
    "events/number_events": "heads_pkey",
    "events/read_feed": "feed_pkey",
    "events/read_subject": "events_pkey",
    "events/read_versions": "events_pkey",
    "events/scan_log": "events_pkey",
    "events/scan_whole_events": "events_pkey",
    "projections/find_finished": "heads_pkey",
    "projections/read_new_events": "events_pkey",
    "projections/read_work": "events_pkey",
    "projections/find_behind": "heads_unsettled",
    "projections/scan_events_of": "events_pkey",
    "projections/scan_views": "views_pkey",
    "projections/take_out_subjects": "events_slot_subject_id_source_event_id_key",
    "projections/read_views": "views_pkey",
    "projections/find_due_etas": "etas_due",
    "projections/put_etas": "views_pkey",
    "projections/find_views_to_match": "views_to_match",
    "projections/find_open_views": "views_open_of_customer",
    "projections/settle_heads": "heads_unsettled",
    "projections/find_newly_stale_views": "heads_unsettled",
    "projections/find_changed_orders": "order_list_by_status",
    "projections/list_orders": "order_list_by_status",
    "projections/list_orders_in_trouble": "order_list_in_trouble",
    "projections/list_orders_of_customer": "order_list_of_customer",
    "projections/search_orders": "order_list_pkey",
    "projections/relist_orders": "views_pkey",
    "projections/find_devices_to_match": "devices_to_match",
    "projections/claim_cards": "cards_to_claim",
    "projections/claim_asset_debts": "asset_debts_to_claim",
    "projections/read_asset_uses": "asset_uses_pkey",
    "projections/read_held_assets": "device_assets_pkey",
    "projections/tell_of_assets": "asset_uses_of_key",
    "projections/claim_channels": "channels_to_claim",
    "projections/count_channels": "channels_at_work",
    "projections/wake_forgotten_channels": "channels_at_work",
    "projections/want_channels": "channels_slot_subject_id_app_environment_attributes_type_ge_key",
    "projections/count_members": "devices_pkey",
    "projections/count_started_phones": "cards_slot_subject_id_device_id_attributes_type_generation_key",
    "projections/find_due_audience": "cards_to_claim",
    "projections/find_facts_of_customer": "card_facts_of_customer",
    "projections/forget_customer_of_facts": "card_facts_of_customer",
    "projections/hurry_renewals": "cards_to_claim",
    "projections/find_listed_members": "devices_of_customer",
    "projections/find_members": "devices_pkey",
    "projections/find_members_among": "devices_pkey",
    "projections/list_started_phones": "cards_slot_subject_id_device_id_attributes_type_generation_key",
    "projections/spread_debt": "cards_pkey",
    "projections/read_card_facts": "card_facts_pkey",
    "projections/read_progress": "heads_pkey",
    "projections/read_newest_events": "events_pkey",
    "projections/trace_cards": "cards_slot_subject_id_device_id_attributes_type_generation_key",
}
"""The index that each hot statement lives from."""
GROWING: Final = frozenset(
    {
        "heads", "events", "subject_keys", "views", "cards", "receipts", "feed", "devices", "etas", "card_facts",
        "webhook_deliveries", "order_list", "asset_uses", "device_assets", "asset_debts", "channels",
    }
)  # fmt: skip


@pytest.fixture(scope="module")
async def filled(server: str) -> AsyncIterator[Connection]:
    """A connection to a database with 12,000 subjects, of which 20 have news."""
    async with new_database(server) as dsn:
        await migrate(dsn)
        connection = await connect(dsn, name="lockstep-test")
        await connection.execute(FILL)
        yield connection
        await connection.close()


async def plan_of(connection: Connection, name: str) -> list[dict[str, Any]]:
    """Give the nodes of the plan that serves any values, as prepared statements use it."""
    binds = ", ".join("NULL" for _ in read_head(STATEMENTS[name]).binds)
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    await connection.execute(f"PREPARE hot AS {statement(name)}")
    try:
        return nodes_of(await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE hot ({binds})"))
    finally:
        await connection.execute("DEALLOCATE hot")


def nodes_of(explained: bytes) -> list[dict[str, Any]]:
    """Give a plan's nodes, from what EXPLAIN said."""
    [told] = json.loads(explained)
    nodes = [told["Plan"]]
    for node in nodes:
        nodes += node.get("Plans", [])
    return nodes


@pytest.mark.parametrize("name", INDEX_OF)
async def test_a_hot_statement_reads_by_its_index(name: str, filled: Connection) -> None:
    """The plan has the index, and reads no growing table from end to end."""
    nodes = await plan_of(filled, name)

    assert INDEX_OF[name] in {node.get("Index Name") for node in nodes}
    assert {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"} & GROWING == set()


async def test_looking_for_news_costs_what_there_is_of_it(filled: Connection) -> None:
    """Of 12,000 heads 20 are unsettled: the search over all slots looks at no other row of the log or the views."""
    explained = await filled.fetchval(
        "EXPLAIN (ANALYZE, FORMAT JSON) " + statement("projections/find_behind"),
        list(range(256)),
        1,
        100,
        ["order.placed 1"],
    )
    rows = {
        node["Relation Name"]: (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in nodes_of(explained)
        if node.get("Relation Name") in GROWING
    }

    # rows are told as a mean over the loops, to two digits
    assert set(rows) == {"heads", "views"}
    assert max(rows.values()) < 25


async def test_looking_for_orders_whose_time_has_come_costs_what_there_is_of_them(filled: Connection) -> None:
    """Of 12,000 that wait for it 20 are due; the others, and what an earlier generation has kept, are not looked at."""
    explained = await filled.fetchval(
        "EXPLAIN (ANALYZE, FORMAT JSON) " + statement("projections/find_views_to_match"),
        list(range(256)),
        200,
        8,
    )
    [scan] = [node for node in nodes_of(explained) if node.get("Relation Name") == "views"]

    assert scan["Index Name"] == "views_to_match"
    assert scan.get("Rows Removed by Filter", 0) == 0
    assert scan["Actual Rows"] * scan["Actual Loops"] < 25


@pytest.mark.parametrize(
    "name", ["projections/find_stale_views", "projections/find_newly_stale_views", "projections/find_changed_views"]
)
async def test_a_new_generation_is_joined_without_a_loop_in_a_loop(name: str, filled: Connection) -> None:
    """Postgres' statistics know nothing of it yet; no row is looked at to be thrown away by a join."""
    transaction = filled.transaction()
    await transaction.start()
    await filled.execute(
        "INSERT INTO views (slot, generation, subject_id, version, prev_version, state, fingerprint, folded_at) "
        "SELECT slot, 2, subject_id, version, 0, state, '\\x01', folded_at FROM views WHERE slot = 7 AND generation = 1"
    )
    explained = await filled.fetchval("EXPLAIN (ANALYZE, FORMAT JSON) " + statement(name), 7, 1, 2, "", 500)
    await transaction.rollback()

    assert sum(node.get("Rows Removed by Join Filter", 0) for node in nodes_of(explained)) == 0


async def test_counting_the_phones_of_an_audience_asks_for_the_time_once(filled: Connection) -> None:
    """Not for each card: that took longer than all the rest."""
    transaction = filled.transaction()
    await transaction.start()
    await filled.execute("SET LOCAL track_functions = 'pl'")
    await filled.execute(
        "INSERT INTO cards (slot, subject_id, card_id, device_id, app, environment, attributes_type, generation,"
        "                   starter, created_at, leased_until) "
        "SELECT 7, 'match', gen_random_uuid(), 'phone-' || n, 'shop', 'sandbox', 'MatchAttributes', 1, 'server', now(),"
        "       now() FROM generate_series(1, 50) AS n"
    )
    called = "SELECT coalesce(sum(calls), 0) FROM pg_stat_xact_user_functions WHERE funcname = 'lockstep_now'"
    before = await filled.fetchval(called)
    [counted] = await filled.fetch(statement("projections/count_started_phones"), 7, "match")
    after = await filled.fetchval(called)
    await transaction.rollback()

    assert (counted["outcome"], counted["reason"], counted["phones"]) == ("waiting", "due", 50)
    assert after - before == 1
