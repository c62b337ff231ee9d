"""Looks at Postgres: whether it answers, is new enough, keeps what it is told, and has our schema and keys."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import asyncpg

from app.doctor.finding import Finding, bad, good, unknown, warning
from events.errors import LockstepError, MigrationError, SchemaAheadError, SecretKeyError
from events.keyring import open_keyring, read_keyring
from events.postgres.migrator import schema_behind
from events.postgres.pool import Pool, connect, open_pool
from events.postgres.statements import statement
from events.rewrapping import wrapped_before
from events.sealing import Keyring
from events.secret_keys import SecretKeys
from projections.pause import lifted_by, spelled
from projections.pauses import Pauses

OLDEST: Final = 150_000
OFF_SECONDS: Final = 10.0
"""Clocks that differ by more are worth a look."""
FAR_OFF_SECONDS: Final = 300.0
"""Those that differ by more than this do harm: tickets and pushes count as expired, or as of the future."""


@dataclass(frozen=True)
class Server:
    """What Postgres says of itself.

    Attributes:
        ahead_seconds: How far its clock is ahead of this machine's.
    """

    findings: list[Finding]
    ahead_seconds: float


async def examine_server(dsn: str, unreachable: Callable[[Exception], Exception]) -> Server | Finding:
    """Look at the server; give the one finding where it cannot be reached.

    Args:
        dsn: Where it is.
        unreachable: Says why it cannot be used, without its URL.
    """
    try:
        connection = await connect(dsn, name="lockstep-doctor")
    except (OSError, TimeoutError, asyncpg.PostgresError, ValueError) as error:
        found, _, cure = str(unreachable(error)).partition(". ")
        return bad("database", f"{found}.", cure)
    try:
        before = time.time()
        row = await connection.fetchrow(statement("app/examine_server"))
        if row is None:
            raise AssertionError("a statement without a table gives a row")
        took = time.time() - before
    finally:
        await connection.close()
    version = f"{row['number'] // 10_000}.{row['number'] % 10_000}"
    findings = [good("database", f"Postgres {version} answers in {took * 1_000:.1f} ms.")]
    if row["number"] < OLDEST:
        findings = [bad("database", f"Postgres {version} is too old.", "Upgrade it to 15 or newer.")]
    if row["encoding"] != "UTF8":
        cure = "Make a database with ENCODING 'UTF8' TEMPLATE template0."
        findings.append(bad("encoding", f"The database is in {row['encoding']}.", cure))
    if "off" in (row["commit"], row["fsync"]):
        name = "fsync" if row["fsync"] == "off" else "synchronous_commit"
        found = f"{name} is off: an acknowledged event can be lost."
        findings.append(warning("durability", found, f"Set {name} to on."))
    ahead = row["now"].timestamp() - before - took / 2
    findings.append(clock_finding("clock", ahead, "Postgres'", "this machine's"))
    return Server(findings, ahead)


def clock_finding(check: str, ahead: float, whose: str, than: str) -> Finding:
    """Judge by how much one clock is ahead of another, in seconds."""
    side = "ahead of" if ahead > 0 else "behind"
    found = f"{whose} clock is {abs(ahead):.1f} s {side} {than}."
    cure = "Let both machines keep their time by NTP."
    if abs(ahead) > FAR_OFF_SECONDS:
        return bad(check, found, cure)
    return warning(check, found, cure) if abs(ahead) > OFF_SECONDS else good(check, found)


async def examine_pooler(dsn: str, unreachable: Callable[[Exception], Exception]) -> Finding:
    """Look whether a pooler lets us through, and whether the role has limits, which cannot be set through it."""
    try:
        async with await open_pool(dsn, name="lockstep-doctor", most=1, pooled=True) as pool:
            row = await pool.fetchrow(statement("app/examine_session"))
    except (OSError, TimeoutError, asyncpg.PostgresError, ValueError) as error:
        found, _, _ = str(unreachable(error)).partition(". ")
        return bad("pooler", f"{found}.", "See that the pooler runs, and that LOCKSTEP_DATABASE_URL names it.")
    if row is None:
        raise AssertionError("a statement without a table gives a row")
    if "0" in (row["statement"], row["idle"]):
        cure = "Set the role's settings as docs/operations.md has them, under Behind PgBouncer."
        return warning("pooler", "It lets us through, and the role has no limit for a slow statement.", cure)
    return good("pooler", "It lets us through, and the role has its limits.")


async def examine_schema(dsn: str) -> Finding:
    """Look whether the database has the migrations of this release, and no other's."""
    try:
        behind = await schema_behind(dsn)
    except SchemaAheadError as error:
        return bad("schema", str(error), "Run the release that migrated it.")
    except MigrationError as error:
        return bad("schema", str(error), "Put the files of the release back.")
    if behind:
        return bad("schema", f"{len(behind)} migrations are missing, from {behind[0]} on.", "Run: lockstep migrate")
    return good("schema", "It is that of this release.")


async def examine_keys(pool: Pool, secrets: Callable[[], SecretKeys]) -> tuple[Finding, Keyring | None]:
    """Open the keys of the database, and look whether any needs the secret key from before; None where it cannot be."""
    try:
        known = secrets()
        keyring = await open_keyring(pool, known)
        stored = await read_keyring(pool)
    except SecretKeyError as error:
        found, _, cure = str(error).partition(". ")
        return bad("secret key", f"{found}.", cure), None
    except (LockstepError, OSError) as error:
        return bad("secret key", str(error), "See LOCKSTEP_SECRET_KEY in docs/operations.md."), None
    if before := len(wrapped_before(stored, known)):
        found = f"{before} of {len(stored)} keys are still wrapped by LOCKSTEP_SECRET_KEY_PREVIOUS."
        return warning("secret key", found, "Once every process has both, run: lockstep secret rewrap"), keyring
    rest = "" if known.previous is None else " LOCKSTEP_SECRET_KEY_PREVIOUS is of no use any more."
    return good("secret key", f"It opens the keys of this database.{rest}"), keyring


async def examine_pauses(pool: Pool) -> Finding:
    """Look for pauses: whoever wonders why nothing moves should hear of them here."""
    pauses = await Pauses(pool).list()
    if not pauses:
        return good("pauses", "Nothing is paused.")
    found = "; ".join(f"{spelled(each.kind, each.key)} since {_told(each.paused_at)}" for each in pauses)
    return warning(
        "pauses", f"Paused: {found}.", f"Once the cause is mended: {lifted_by(pauses[0].kind, pauses[0].key)}"
    )


def without_database(check: str) -> Finding:
    """Say that a thing cannot be looked at without the database."""
    return unknown(check, "It cannot be looked at without the database.")


def _told(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
