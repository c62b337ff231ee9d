"""Segments and tags, from HTTP to the phones that they take."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.postgres.pool import Pool
from events.sealing import Keyring
from projections.audience import Who
from projections.segment_filter import All, Either, Field, Filter, IosFrom, IosIs, Is, Not, Subscriber, takes
from projections.segment_sql import condition_of
from projections.segment_store import Counted, SegmentStore
from tests.integration.http_api import DEVICE, Api, running_api

TAGS = ("vip", "beta", "city:graz")
VERSIONS = ("17.2", "17", "18.2.1", "18.2", "26.0")
LOCALES = (None, "de", "de_AT", "DE-at", "dede", "zh-Hans_CN", "\N{KELVIN SIGN}l")
TYPE = "OrderAttributes"


@pytest.fixture
async def api(pool: Pool, keyring: Keyring) -> AsyncIterator[Api]:
    """Run the edge."""
    async with running_api(pool, keyring) as running:
        yield running


def phones() -> list[Subscriber]:
    """Give phones of many kinds."""
    return [
        Subscriber(
            device_id=f"phone-{n}",
            app=("shop", "driver")[n % 2],
            environment=("sandbox", "production")[n // 2 % 2],
            ios_version=VERSIONS[n % 5],
            customer_id=None if n % 4 == 0 else f"customer-{n % 6}",
            locale=LOCALES[n % 7],
            tags=frozenset(TAGS[place] for place in range(3) if n >> place & 1),
            customer_tags=frozenset() if n % 4 == 0 or n % 6 > 2 else frozenset(TAGS[: n % 6 + 1]),
        )
        for n in range(40)
    ]


async def store_phones(pool: Pool, them: list[Subscriber]) -> None:
    """Put phones into the database as they are."""
    await pool.executemany(
        "INSERT INTO devices (device_id, customer_id, app, environment, ios_version, locale, tags, activities_enabled, "
        "frequent_pushes, registered_at, confirmed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, true, true, now(), now())",
        [(d.device_id, d.customer_id, d.app, d.environment, d.ios_version, d.locale, sorted(d.tags)) for d in them],
    )
    tagged = {d.customer_id: sorted(d.customer_tags) for d in them if d.customer_id is not None and d.customer_tags}
    await pool.executemany(
        "INSERT INTO customer_tags (customer_id, tags, changed_at) VALUES ($1, $2, now())", list(tagged.items())
    )


def lists(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    """Give some of them, in any order."""
    return st.lists(st.sampled_from(values), min_size=1, max_size=3).map(tuple)


VERSION_PARTS = st.sampled_from([(17,), (17, 2), (18,), (18, 2), (18, 2, 1), (26,), (18, 2, 0)])
TESTS: st.SearchStrategy[Filter] = st.one_of(
    lists((*TAGS, "staff")).map(lambda them: Is(Field.TAG, them)),
    lists(("shop", "driver", "'; DROP TABLE devices; --")).map(lambda them: Is(Field.APP, them)),
    lists(("de", "de-at", "zh", "zh-hans", "kl", "ded")).map(lambda them: Is(Field.LOCALE, them)),
    lists(("customer-1", "customer-3")).map(lambda them: Is(Field.CUSTOMER, them)),
    lists(("phone-1", "phone-12")).map(lambda them: Is(Field.DEVICE, them)),
    lists(("sandbox", "production")).map(lambda them: Is(Field.ENVIRONMENT, them)),
    VERSION_PARTS.map(IosIs),
    VERSION_PARTS.map(IosFrom),
)
FILTERS: st.SearchStrategy[Filter] = st.recursive(
    TESTS,
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: All(tuple(parts))),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: Either(tuple(parts))),
    ),
    max_leaves=6,
)


@pytest.fixture
async def stored(pool: Pool) -> list[Subscriber]:
    """The phones, in the database."""
    them = phones()
    await store_phones(pool, them)
    return them


@given(filter_=FILTERS)
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_postgres_reads_a_filter_as_we_do(pool: Pool, stored: list[Subscriber], filter_: Filter) -> None:
    """Of any filter the condition takes the phones that the plain reading takes, and leaves none undecided."""
    condition = condition_of(filter_, 1)
    rows = await pool.fetch(
        f"SELECT d.device_id, ({condition.sql}) AS taken FROM devices AS d "
        "LEFT JOIN customer_tags AS t ON t.customer_id = d.customer_id",
        *condition.values,
    )

    assert {row["device_id"]: row["taken"] for row in rows} == {each.device_id: takes(filter_, each) for each in stored}


@pytest.mark.usefixtures("stored")
async def test_a_count_looks_through_all_phones(pool: Pool) -> None:
    """It goes in steps, and tells those apart that can be sent a card now."""
    await pool.execute("INSERT INTO start_tokens VALUES ('phone-3', $1, 'a'), ('phone-9', $1, 'b')", TYPE)
    await pool.execute(
        "INSERT INTO push_tokens (app, environment, token_hash, token_sealed, device_id, registered_at, refused_at) "
        "SELECT d.app, d.environment, s.token_hash, 's', d.device_id, now(), "
        "CASE WHEN d.device_id = 'phone-9' THEN now() END "
        "FROM devices AS d JOIN start_tokens AS s USING (device_id)"
    )
    store = SegmentStore(pool, looked_through=7)

    assert await store.count(Who(), TYPE) == Counted(40, 1)
    assert await store.count(Who(customers=("customer-3",)), TYPE) == Counted(7, 1)
    assert await store.count_filter("device in (phone-3, phone-4)", TYPE) == Counted(2, 1)


async def send(api: Api, method: str, path: str, document: Any = None) -> Any:
    """Ask as somebody who may do everything, and give the JSON that comes."""
    reply = await api.send(method, path, document, token="admin")
    assert reply.status == 200, reply
    return reply.json


async def test_a_segment_is_a_filter_or_a_list(api: Api) -> None:
    """It is stored, shown, replaced, listed, counted and deleted by its name."""
    await send(api, "PUT", "/v1/devices/phone-1", {**DEVICE, "customerId": "customer-7", "tags": ["beta"]})
    await send(api, "PUT", "/v1/devices/phone-2", {**DEVICE, "customerId": "customer-8"})
    await send(api, "PUT", "/v1/customers/customer-8/tags", {"tags": ["vip", "vip"]})
    segment = await send(api, "PUT", "/v1/segments/fans", {"filter": "tag = vip or tag = beta"})
    count = {"attributesType": TYPE, "audience": {"segment": "fans"}}

    assert (segment["name"], segment["filter"]) == ("fans", "tag = vip or tag = beta")
    assert await send(api, "GET", "/v1/customers/customer-8/tags") == {"tags": ["vip"]}
    assert await send(api, "POST", "/v1/audiences/count", count) == {"phones": 2, "reachable": 0}
    listed = await send(api, "PUT", "/v1/segments/fans", {"customers": ["customer-7", "customer-9"]})
    assert (listed["idsOf"], listed["ids"], "filter" in listed) == ("customers", 2, False)
    changed = await send(api, "POST", "/v1/segments/fans/ids", {"add": ["customer-8"], "remove": ["customer-9"]})
    assert changed["ids"] == 2
    assert await send(api, "POST", "/v1/audiences/count", count) == {"phones": 2, "reachable": 0}
    assert [each["name"] for each in (await send(api, "GET", "/v1/segments"))["segments"]] == ["fans"]
    assert (await api.send("DELETE", "/v1/segments/fans", token="admin")).status == 204
    for method, path, body in (
        ("GET", "/v1/segments/fans", None),
        ("DELETE", "/v1/segments/fans", None),
        ("POST", "/v1/segments/fans/ids", {"add": ["customer-8"]}),
        ("POST", "/v1/audiences/count", count),
    ):
        assert (await api.send(method, path, body, token="admin")).problem == "not-found"


async def test_a_launch_without_tags_leaves_them(api: Api, pool: Pool) -> None:
    """An app that knows no tags takes none away; one that gives none does."""
    for tags, left in ((["b", "a", "b"], ["a", "b"]), (None, ["a", "b"]), ([], [])):
        report = DEVICE if tags is None else {**DEVICE, "tags": tags}
        await send(api, "PUT", "/v1/devices/phone-1", report)
        assert await pool.fetchval("SELECT tags FROM devices") == left


async def test_a_bad_segment_is_refused_with_its_place(api: Api) -> None:
    """The fault names the field, the character, and what would be right there."""
    reply = await api.send("PUT", "/v1/segments/fans", {"filter": "tag = vip and colour = red"}, token="admin")
    [fault] = reply.json["errors"]
    both = await api.send("PUT", "/v1/segments/fans", {"filter": "tag = a", "customers": []}, token="admin")

    assert (reply.status, fault["pointer"]) == (422, "/filter")
    assert fault["detail"].startswith("at character 15: expected a field (tag, app")
    assert both.json["errors"] == [{"pointer": "", "detail": "is to have one of filter, customers and devices"}]
