"""`lockstep keys`: the API keys of services."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from app.access.api_key import Scope, is_environment
from app.cli.errors import CommandError
from app.cli.output import AsJson, print_json, print_table
from app.cli.running import NO, run

if TYPE_CHECKING:
    from app.access.key_store import StoredKey

keys = typer.Typer(name="keys", no_args_is_help=True, help="Make, list, rotate and revoke API keys.")

WEEK_SECONDS: Final = 604_800
_SCOPES = f"{', '.join(list(Scope)[:-1])} or {Scope.ADMIN}"


@keys.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Option(help="What the key is for, as lists show it.")],
    scope: Annotated[list[str], typer.Option(help=f"{_SCOPES}; may be repeated.")],
    environment: Annotated[str, typer.Option(help="Part of the key's text, for people: live, test …")] = "live",
    days: Annotated[int | None, typer.Option(min=1, help="How long it is good; for ever unless given.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make an API key and show it, this once: only its hash is kept.

    Example: `lockstep keys create --name kitchen --scope events:write --days 90`
    """
    run(_create(context, name, scope, environment, days, as_json=as_json))


@keys.command("list")
def list_(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the keys, the newest first, without their secrets: what each may do, how long, and when it was last used.

    Example: `lockstep keys list --json`
    """
    run(_list(context, as_json=as_json))


@keys.command()
def rotate(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The key's name, or its id where several have the name.")],
    overlap: Annotated[int, typer.Option(min=0, help="Seconds for which the old key stays good.")] = WEEK_SECONDS,
    days: Annotated[
        int | None, typer.Option(min=1, help="How long the new one is good; as long as the old one was made for.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make a key's successor with the same scopes and show it, this once; the old one ends after the overlap.

    Example: `lockstep keys rotate kitchen --overlap 86400`
    """
    run(_rotate(context, name, overlap, days, as_json=as_json))


@keys.command()
def revoke(
    context: typer.Context, key_id: Annotated[str, typer.Argument(help="The key's id, as `keys list` shows it.")]
) -> None:
    """Refuse a key from now on; every process knows within ten seconds.

    Example: `lockstep keys revoke lk_live_4fGh7Kq2Lm`
    """
    run(_revoke(context, key_id))


async def _create(
    context: typer.Context, name: str, scopes: list[str], environment: str, days: int | None, *, as_json: bool
) -> int:
    from app.access.key_store import KeyStore
    from app.cli.database import opened

    unknown = sorted(set(scopes) - set(Scope))
    if unknown:
        raise CommandError(f"There is no scope {', '.join(unknown)}. Take {_SCOPES}.")
    if not is_environment(environment):
        raise CommandError("An environment is 1 to 16 lower-case letters and digits, such as live or test.")
    expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)
    async with opened(context) as database:
        key, stored = await KeyStore(database.pool, database.keyring).create(
            name=name, environment=environment, scopes=[Scope(each) for each in scopes], expires_at=expires_at
        )
    _show(key, stored, as_json=as_json)
    return 0


async def _rotate(context: typer.Context, name: str, overlap: int, days: int | None, *, as_json: bool) -> int:
    from app.access.key_store import KeyStore
    from app.cli.database import opened

    expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)
    async with opened(context) as database:
        store = KeyStore(database.pool, database.keyring)
        found = await store.rotatable(name)
        if len(found) > 1:
            ids = ", ".join(each.key_id for each in found)
            raise CommandError(f"{len(found)} keys have the name {name}. Name one by its id: {ids}.")
        made = await store.rotate(found[0].key_id, overlap_seconds=overlap, expires_at=expires_at) if found else None
    if made is None:
        typer.echo(f"No good key without a successor is called {name}. See: lockstep keys list", err=True)
        return NO
    _show(*made, as_json=as_json)
    typer.echo(f"{found[0].key_id} is refused after {overlap} seconds at the latest.", err=True)
    return 0


def _show(key: str, stored: "StoredKey", *, as_json: bool) -> None:
    """Print a new key, the only time."""
    if as_json:
        print_json({"key": key, "keyId": stored.key_id, "scopes": stored.scopes, "expiresAt": stored.expires_at})
    else:
        typer.echo(key)
        typer.echo(f"Keep it now, it is shown this once. Its id is {stored.key_id}.", err=True)


async def _list(context: typer.Context, *, as_json: bool) -> int:
    import msgspec

    from app.access.key_store import KeyStore
    from app.cli.database import opened

    async with opened(context) as database:
        found = await KeyStore(database.pool, database.keyring).list_keys()
    if as_json:
        print_json({"keys": [_in_camel(msgspec.structs.asdict(each)) for each in found]})
    else:
        print_table(
            ("id", "name", "scopes", "good", "last used", "created", "expires", "revoked", "successor"),
            [
                (
                    *(k.key_id, k.name, k.scopes, "yes" if k.good else "no", k.last_used_at),
                    *(k.created_at, k.expires_at, k.revoked_at, k.replaced_by),
                )
                for k in found
            ],
            empty="There are no keys. Make one with: lockstep keys create",
        )
    return 0


async def _revoke(context: typer.Context, key_id: str) -> int:
    from app.access.key_store import KeyStore
    from app.cli.database import opened

    async with opened(context) as database:
        revoked = await KeyStore(database.pool, database.keyring).revoke(key_id)
    typer.echo(f"Revoked {key_id}." if revoked else "There is no such key. See: lockstep keys list", err=not revoked)
    return 0 if revoked else NO


def _in_camel(fields: dict[str, object]) -> dict[str, object]:
    return {first + "".join(map(str.capitalize, rest)): v for n, v in fields.items() for first, *rest in [n.split("_")]}
