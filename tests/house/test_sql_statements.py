"""Every statement is what its head says, is run by its name, and keeps to its side and slot."""

import ast
import re
from collections import Counter
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from events.postgres.pool import Pool, connect
from tests.house.sql_files import FOLDERS, STATEMENTS, body_of, read_head, text_of

REPOSITORY: Final = Path(__file__).resolve().parents[2]
SLOT_SIDE: Final = (
    "heads",
    "events",
    "subject_keys",
    "views",
    "cards",
    "receipts",
    "slots",
    "feed",
    "feed_slots",
    "etas",
    "card_facts",
    "card_fact_slots",
    "webhook_deliveries",
    "webhook_attempts",
    "audiences",
    "order_list",
    "order_list_slots",
)
DEVICE_SIDE: Final = (
    "devices",
    "push_tokens",
    "start_tokens",
    "erasures",
    "customer_tags",
    "segments",
    "segment_ids",
    "asset_uses",
    "device_assets",
    "asset_debts",
)
SPELLED: Final = {
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "bool": "boolean",
    "float8": "double precision",
}

is_name = re.compile(rf"(?:{'|'.join(FOLDERS)})/[a-z_]+").fullmatch
every_statement = pytest.mark.parametrize("path", STATEMENTS.values(), ids=STATEMENTS)


def spelled(type_: asyncpg.Type) -> str:
    """Give the name of a type as our SQL spells it."""
    name = type_.name
    if type_.kind == "array":
        return f"{SPELLED.get(name.removesuffix('[]'), name.removesuffix('[]'))}[]"
    return SPELLED.get(name, name)


def tables_in(body: str, tables: tuple[str, ...]) -> set[str]:
    """Name those of the tables that a statement reads or writes."""
    touched = re.findall(r"\b(?:FROM|JOIN|INTO|UPDATE|USING)\s+(\w+)|,\s+(\w+)\s+AS\b", body)
    return {table for names in touched for table in names if table in tables}


def names_used(path: Path) -> list[str]:
    """Name the statements that a file of Python runs, by themselves or through a function of its own."""
    texts = [
        node.value for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Constant)
    ]
    return [text for text in texts if isinstance(text, str) and is_name(text)]


@every_statement
async def test_a_head_says_what_postgres_says(path: Path, pool: Pool) -> None:
    """One statement a file; its binds and columns have the documented names, order and types."""
    head = read_head(path)
    async with pool.acquire() as connection:
        prepared = await connection.prepare(text_of(path))
        binds, columns = prepared.get_parameters(), prepared.get_attributes()

    assert head.binds == [spelled(type_) for type_ in binds]
    assert head.columns == [(each.name, spelled(each.type)) for each in columns if each.type.name != "void"]


async def test_no_statement_makes_the_driver_ask_for_types(dsn: str) -> None:
    """A connection knows the types of all statements from the start; a new array belongs into `array_types`."""
    connection = await connect(dsn, name="lockstep-test")
    asked: list[str] = []
    connection.add_query_logger(lambda record: asked.append(record.query))
    try:
        for path in STATEMENTS.values():
            await connection.prepare(text_of(path))
    finally:
        await connection.close()

    assert [query for query in asked if "pg_type" in query] == []


@every_statement
def test_a_statement_stays_in_its_slot(path: Path) -> None:
    """Whatever touches the subjects' side names the slot in a condition or a row."""
    body = body_of(path)

    assert not tables_in(body, SLOT_SIDE) or re.search(r"\bslot (=|BETWEEN)|\(slot\b|USING \(slot", body)


@every_statement
def test_a_statement_stays_on_its_side(path: Path) -> None:
    """No statement joins the subjects' side with the devices' side, so that subjects can be distributed by slot."""
    body = body_of(path)

    assert not (tables_in(body, SLOT_SIDE) and tables_in(body, DEVICE_SIDE))


@every_statement
def test_a_statement_names_its_columns(path: Path) -> None:
    """A column that is added to a table reaches nobody by accident; the arrays of a bind list are named at the head."""
    assert not re.search(r"\b(SELECT|RETURNING) \*(?!\s+FROM unnest)", body_of(path))


def test_each_statement_is_run_in_one_place() -> None:
    """Every name in Python is a file, every file is named, and no two functions run the same one."""
    used = Counter(
        name for folder in FOLDERS for path in (REPOSITORY / folder).rglob("*.py") for name in names_used(path)
    )

    assert set(used) - set(STATEMENTS) == set(), "named, but not there"
    assert set(STATEMENTS) - set(used) == set(), "there, but never named"
    assert {name for name, times in used.items() if times > 1} == set(), "named twice"
