"""Keeps the definitions that senders save: every version, so that each event's can be looked up."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

import asyncpg
import msgspec

from events.postgres.errors import UNIQUE_VIOLATION, translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.saved_definition import Found, Named, Reference, SavedDefinition, decode_definition, encode_definition

_ATTEMPTS: Final = 20


class Saved(msgspec.Struct, frozen=True):
    """What a save or a deletion did.

    Attributes:
        added: Whether it made a version; the newest was the same otherwise.
    """

    version: int
    saved_at: datetime
    added: bool


class StoredDefinition(msgspec.Struct, frozen=True):
    """A version of a definition, and when it was saved."""

    named: Named
    saved_at: datetime


class DefinitionStore:
    """The saved definitions. Every method raises StoreUnavailableError while Postgres is away.

    Args:
        pool: Connections.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def save(self, name: str, definition: SavedDefinition) -> Saved:
        """Save a definition under its next version, unless the newest is the same."""
        saved = await self._save(name, encode_definition(definition))
        if saved is None:
            raise AssertionError("what is saved has a version")
        return saved

    async def delete(self, name: str) -> bool:
        """Let a name be used no more; its versions stay. False if there is no such definition."""
        deleted = await self._save(name, None)
        return deleted is not None and deleted.added

    async def find(self, references: Collection[Reference]) -> Found:
        """Find definitions as events name them; those that are not there are left out."""
        stored = await self._read(references) if references else {}
        return {reference: each.named for reference, each in stored.items()}

    async def read(self, reference: Reference) -> StoredDefinition | None:
        """Read a definition; None if it is not there."""
        return (await self._read([reference])).get(reference)

    async def list(self) -> list[StoredDefinition]:
        """Read the newest version of each definition, by name."""
        with translated():
            rows = await self._pool.fetch(statement("app/list_definitions"))
        return [_stored(row) for row in rows]

    async def _read(self, references: Collection[Reference]) -> dict[Reference, StoredDefinition]:
        with translated():
            rows = await self._pool.fetch(
                statement("app/find_definitions"),
                [each.name for each in references],
                [each.version for each in references],
            )
        return {Reference(row["name"], row["asked"]): _stored(row) for row in rows}

    async def _save(self, name: str, body: bytes | None) -> Saved | None:
        for _ in range(_ATTEMPTS):
            try:
                with translated():
                    row = await self._pool.fetchrow(statement("app/save_definition"), name, body)
            except asyncpg.PostgresError as error:
                if error.sqlstate != UNIQUE_VIOLATION:
                    raise
                continue  # somebody else has saved this name meanwhile
            return None if row is None else Saved(row["version"], row["saved_at"], row["added"])
        raise AssertionError(f"{_ATTEMPTS} others saved this definition at once")


def _stored(row: asyncpg.Record) -> StoredDefinition:
    return StoredDefinition(Named(row["name"], row["version"], decode_definition(row["body"])), row["saved_at"])
