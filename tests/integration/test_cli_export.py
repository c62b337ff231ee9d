"""`lockstep events export` and `import`, each as a process of its own."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec

from events.postgres.migrator import migrate
from events.postgres.pool import Pool, connect
from events.store import EventStore
from tests.examples.log import fact, group, note
from tests.integration.command_line import begin, lockstep

CANARY: Final = "Please ring twice for Eleni Papadaki"


async def fill(store: EventStore, orders: int = 3) -> None:
    """Append orders with a personal value each."""
    await store.append(
        [group(fact(subject_id=f"o-{n}"), note(CANARY, "e2", subject_id=f"o-{n}")) for n in range(orders)]
    )


def names_in(folder: Path) -> list[str]:
    """Name what stands in a folder."""
    return [path.name for path in folder.iterdir()]


async def test_a_log_moves_by_a_file(
    store: EventStore, dsn: str, tmp_path: Path, other_database: Callable[[], Awaitable[str]]
) -> None:
    """What is written is told in words, and read back into an empty database; the second time nothing is stored."""
    await fill(store)
    empty = await other_database()
    await migrate(empty)
    out = str(tmp_path / "orders.jsonl")
    written = await lockstep("events", "export", "--out", out, "--with-personal-values", dsn=dsn)
    stored = await lockstep("events", "import", out, "--json", dsn=empty)
    again = await lockstep("events", "import", out, "--json", dsn=empty)
    read = await lockstep("order", "events", "o-1", "--json", dsn=empty)

    assert (written.code, written.out) == (0, "")
    assert "6 events of 3 orders" in written.err
    assert "PERSONAL VALUES" in written.err
    assert (stored.json, again.json) == ({"stored": 6, "known": 0}, {"stored": 0, "known": 6})
    assert CANARY in read.out
    assert names_in(tmp_path) == ["orders.jsonl"]


async def test_an_export_without_a_file_is_lines_alone(store: EventStore, dsn: str) -> None:
    """Standard output is JSON a line, without personal values; what was left out is told beside it."""
    await fill(store)
    whole = await lockstep("events", "export", dsn=dsn)
    lines = whole.out.splitlines()
    first = msgspec.json.decode(lines[0])
    rest = await lockstep("events", "export", "--after", f"{first['subject']}@{first['version']}", dsn=dsn)
    one = await lockstep("events", "export", "--subject", "o-2", dsn=dsn)

    assert {msgspec.json.decode(line)["specversion"] for line in lines} == {"1.0"}
    assert CANARY not in whole.out
    assert "Personal values of 3 events were left out" in whole.err
    assert rest.out.splitlines() == lines[1:]
    assert one.out.count("\n") == 2


async def test_a_refusal_and_a_mistake_are_told_apart(store: EventStore, dsn: str, tmp_path: Path) -> None:
    """A line that contradicts is a no, with its number; what cannot be done at all is another code."""
    await fill(store, orders=1)
    out = tmp_path / "orders.jsonl"
    await lockstep("events", "export", "--out", str(out), dsn=dsn)
    out.write_bytes(out.read_bytes().replace(b'"event-1"', b'"event-9"'))
    refused = await lockstep("events", "import", str(out), dsn=dsn)
    twice = await lockstep("events", "export", "--out", str(out), dsn=dsn)
    missing = await lockstep("events", "import", str(tmp_path / "nothing"), dsn=dsn)
    nowhere = await lockstep("events", "export", "--out", str(tmp_path / "no" / "x"), dsn=dsn)
    nothing = await lockstep("events", "export", "--subject", "o-9", dsn=dsn)

    assert (refused.code, twice.code, missing.code, nowhere.code, nothing.code) == (1, 2, 2, 2, 1)
    assert "Line 1: the log has another event as version 1 of o-0; they differ in id." in refused.err


async def test_an_import_that_was_killed_is_run_again(
    store: EventStore, dsn: str, pool: Pool, other_database: Callable[[], Awaitable[str]], tmp_path: Path
) -> None:
    """What was stored by then is whole batches; the next run finds them and stores the rest."""
    await fill(store, orders=600)
    out = tmp_path / "orders.jsonl"
    await lockstep("events", "export", "--out", str(out), dsn=dsn)
    empty = await other_database()
    await migrate(empty)
    process = await begin("events", "import", "-", dsn=empty)
    assert process.stdin is not None
    lines = out.read_bytes().splitlines(keepends=True)
    process.stdin.writelines(lines[:1_100])
    watching = await connect(empty, name="lockstep-test")
    while await watching.fetchval("SELECT count(*) FROM events") < 1_000:
        assert process.returncode is None
    process.kill()
    await process.communicate()
    before = await watching.fetchval("SELECT count(*) FROM events")
    again = await lockstep("events", "import", str(out), "--json", dsn=empty)
    moved = await watching.fetch("SELECT subject_id, version, recorded_at FROM events ORDER BY 1, 2")
    await watching.close()

    assert before == 1_000
    assert again.json == {"stored": 200, "known": 1_000}
    assert moved == await pool.fetch("SELECT subject_id, version, recorded_at FROM events ORDER BY 1, 2")


async def test_an_export_that_was_stopped_is_gone_on_with(store: EventStore, dsn: str, tmp_path: Path) -> None:
    """What a killed process left, half a line at its end, becomes the same file."""
    await fill(store)
    whole, out = tmp_path / "whole.jsonl", tmp_path / "orders.jsonl"
    await lockstep("events", "export", "--out", str(whole), dsn=dsn)
    left = tmp_path / "orders.jsonl.all-without-personal-values.partial"
    left.write_bytes(whole.read_bytes()[:700])
    blocked = await lockstep("events", "export", "--out", str(out), dsn=dsn)
    done = await lockstep("events", "export", "--out", str(out), "--resume", dsn=dsn)

    assert blocked.code == 2
    assert "--resume" in blocked.err
    assert done.code == 0
    assert out.read_bytes() == whole.read_bytes()
    assert not left.exists()


async def test_a_reader_that_has_enough_is_no_error(store: EventStore, dsn: str) -> None:
    """As with `| head -1`: no line about a broken pipe, and nothing that Python says of it."""
    await fill(store, orders=3_000)
    process = await begin("events", "export", dsn=dsn)
    assert process.stdout is not None
    assert process.stderr is not None
    first = await process.stdout.readline()
    # the pipe's other end is closed while there is more than a pipe holds
    process.stdout._transport.close()  # type: ignore[attr-defined]
    told = (await process.stderr.read()).decode()

    assert msgspec.json.decode(first)["specversion"] == "1.0"
    assert await process.wait() == 0
    assert "roken" not in told
    assert "Traceback" not in told
