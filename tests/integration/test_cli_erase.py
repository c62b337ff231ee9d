"""The commands that erase, each as a process of its own."""

from pathlib import Path
from typing import Any

import msgspec

from tests.conftest import Clock
from tests.integration.command_line import lockstep
from tests.integration.dispatching import Apns, dispatcher, live, work
from tests.integration.flow import Flow


async def lines(*arguments: str, dsn: str) -> list[Any]:
    """Run a command and give what it printed, a document a line."""
    done = await lockstep(*arguments, dsn=dsn)
    assert done.code == 0, done
    return [msgspec.json.decode(line) for line in done.out.splitlines()]


async def test_an_erasure_says_what_goes_before_it_does_anything(owing: Flow, dsn: str) -> None:
    """Where nobody can be asked it wants a word, and of what is not known it says so."""
    customer = await lockstep("erase", "customer", "customer-7", dsn=dsn)
    order = await lockstep("erase", "order", "order-1", dsn=dsn)

    assert (customer.code, order.code) == (2, 2)
    assert "of 1 order (1 event), 1 phone (1 token) and 1 open card, for good. Say --yes" in customer.err
    assert "of order-1 (1 event), for good; 1 open card of it" in order.err
    assert await owing.pool.fetchval("SELECT count(*) FROM events") == 1
    assert (await lockstep("erase", "customer", "customer-8", "--yes", dsn=dsn)).code == 1
    assert (await lockstep("erase", "order", "order-2", "--yes", dsn=dsn)).code == 1


async def test_an_erased_order_goes_on_without_personal_values(owing: Flow, dsn: str, clock: Clock) -> None:
    """Its card stays on the phone, and shows no name any more."""
    await owing.happen("order-1", "order.courier_assigned")
    await owing.project("order-1")
    await live(owing, clock)
    done = await lockstep("erase", "order", "order-1", "--yes", "--json", dsn=dsn)
    await owing.project("order-1")
    apns = Apns()
    await work(dispatcher(owing, apns))

    assert done.json == {
        "kind": "order", "id": "order-1", "orders": 1, "events": 2, "erasedOrders": 0, "phones": 0, "tokens": 0,
        "openCards": 1,
    }  # fmt: skip
    [push] = apns.requests
    assert msgspec.json.decode(push.payload)["aps"]["event"] == "update"
    assert "courierName" not in msgspec.json.decode(push.payload)["aps"]["content-state"]


async def test_what_was_erased_is_listed_and_erased_again(owing: Flow, dsn: str, tmp_path: Path) -> None:
    """Also an order that is not there yet: nothing personal of it is kept once it comes."""
    await lockstep("erase", "customer", "customer-7", "--yes", dsn=dsn)
    moment = (await owing.pool.fetchval("SELECT max(asked_at) FROM erasures")).isoformat()
    listed = await lines("erase", "list", "--json", dsn=dsn)
    since = await lines("erase", "list", "--since", "2099-01-01T00:00:00Z", "--json", dsn=dsn)
    assert [(each["kind"], each["id"]) for each in listed] == [("order", "order-1"), ("customer", "customer-7")]
    assert since == []
    assert len(await lines("erase", "list", "--since", moment, "--json", dsn=dsn)) == 2
    file = tmp_path / "erasures.jsonl"
    file.write_bytes(b'{"kind":"order","id":"order-5"}\n\n' + b"\n".join(msgspec.json.encode(each) for each in listed))
    done = await lockstep("erase", "again", str(file), "--yes", "--json", dsn=dsn)
    await owing.happen("order-5", "order.placed", "order.courier_assigned")

    assert done.json == {"orders": 2, "customers": 1}
    assert {each.personal async for each in owing.store.read_subject("order-5")} == {None}
    assert (await lockstep("erase", "again", str(file), dsn=dsn)).code == 2


async def test_a_list_that_is_none_is_refused_as_a_whole(owing: Flow, dsn: str, tmp_path: Path) -> None:
    """The line is named, and nothing was done."""
    file = tmp_path / "erasures.jsonl"
    file.write_text('{"kind":"order","id":"order-1"}\n{"kind":"group","id":"x"}\n')
    done = await lockstep("erase", "again", str(file), "--yes", dsn=dsn)
    missing = await lockstep("erase", "again", str(tmp_path / "none"), "--yes", dsn=dsn)

    assert (done.code, "line 2" in done.err) == (2, True)
    assert (missing.code, "cannot be read" in missing.err) == (2, True)
    assert await owing.pool.fetchval("SELECT count(*) FROM events") == 1
