"""`lockstep push`: one push by hand, to see what APNs says of a key, an app and a token."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from app.cli.errors import CommandError
from app.cli.output import AsJson, print_json, print_table
from app.cli.running import NO, run

if TYPE_CHECKING:
    from app.apns.answer import Answer
    from app.apns.request import ApnsRequest
    from app.cli.database import Database
    from app.settings import Settings

push = typer.Typer(name="push", no_args_is_help=True, help="Send one push by hand.")

DEADLINE_SECONDS = 15.0


@push.callback()
def _push() -> None:
    """Send one push by hand."""


@push.command("test")
def try_out(
    context: typer.Context,
    token: Annotated[str, typer.Option(help="In hex: a start token, or for an update or end an update token.")],
    app: Annotated[str, typer.Option(help="The app's bundle id.")],
    environment: Annotated[Literal["production", "sandbox"], typer.Option(help="Apple's; Xcode's builds are sandbox.")],
    kind: Annotated[Literal["start", "update", "end"], typer.Option(help="What the push is to do.")] = "start",
    attributes_type: Annotated[str, typer.Option("--type", help="The Swift type's bare name.")] = "OrderAttributes",
    *,
    as_json: AsJson = False,
) -> None:
    """Send one push with the configured signing key, and say what APNs answered and what that means.

    Exit code 1 says that APNs refused it. Nothing is remembered: no card, no receipt.

    Example: `lockstep push test --token 80a1… --app com.example.shop --environment sandbox`
    """
    run(_test(context, token, app, environment, kind, attributes_type, as_json=as_json))


async def _test(
    context: typer.Context,
    token: str,
    app: str,
    environment: str,
    kind: str,
    attributes_type: str,
    *,
    as_json: bool,
) -> int:
    from app.apns.preflight import preflight
    from app.apns.reasons import explain
    from app.cli.database import opened
    from app.settings import load_settings

    if not token or len(token) % 2 or not all(each in "0123456789abcdef" for each in token.lower()):
        raise CommandError("--token is to be an even number of hexadecimal digits, as the app gets it from iOS.")
    settings = load_settings()
    request = _request(token.lower(), app, environment, kind, attributes_type)
    problem = preflight(request)
    if problem is not None:
        raise CommandError(f"Not sent: {problem.why}.")
    async with opened(context) as database:
        answer = await _send(settings, database, request)
    accepted = answer.status == 200
    reason = None if accepted else explain(answer.status, answer.reason)
    means = reason.means if reason else "APNs accepted the push. Whether the phone shows it, only the phone knows."
    rows = {
        "status": answer.status,
        "reason": answer.reason,
        "means": means,
        "next": None if reason is None else reason.do,
        "apnsId": answer.apns_id or request.apns_id,
        "apnsUniqueId": answer.unique_id,
    }
    if as_json:
        print_json(rows)
    else:
        print_table(("APNs", ""), list(rows.items()), empty="")
    return 0 if accepted else NO


def _request(token: str, app: str, environment: str, kind: str, attributes_type: str) -> "ApnsRequest":
    import time
    from uuid import uuid4

    import msgspec

    from app.apns import payload
    from app.apns.request import Environment, build
    from projections.content_state import ContentState, OrderAttributes

    now = int(time.time())
    content = msgspec.json.encode(ContentState(status="placed", progress=0.0, history=(), updated_at=now))
    attributes = msgspec.json.encode(
        OrderAttributes(card_id=str(uuid4()), order_id="push-test", merchant_name="Lockstep")
    )
    alert = payload.Alert(title="Lockstep", body="This push was sent by hand.", sound="default")
    match kind:
        case "start":
            body = payload.start(
                timestamp=now,
                content_state=content,
                attributes_type=attributes_type,
                attributes=attributes,
                alert=alert,
            )
        case "update":
            body = payload.update(timestamp=now, content_state=content, alert=alert)
        case _:
            body = payload.end(timestamp=now, content_state=content, dismissal_date=now)
    return build(
        environment=Environment(environment),
        app=app,
        token=token,
        apns_id=uuid4(),
        priority=10,
        expiration=now + 600,
        payload=body,
        attributes_size_bytes=len(attributes),
    )


async def _send(settings: "Settings", database: "Database", request: "ApnsRequest") -> "Answer":
    """Send with the key that serves the app, under the provider token that all processes share."""
    import time

    from app.apns.credential_keeper import CredentialKeeper
    from app.apns.credentials import no_key
    from app.apns.errors import Ambiguous, NotSent
    from app.outbound import apns_transport

    transport = apns_transport(settings)
    try:
        keeper = CredentialKeeper(database.pool, database.keyring, settings.signing_keys, files=(), transport=transport)
        key = keeper.credentials.find(request.app, request.environment)
        if key is None:
            raise CommandError(no_key(request.app, request.environment))
        bearer = await key.bearer(time.time())
        return await transport.send(
            request, credential=key.credential, bearer=bearer, deadline_seconds=DEADLINE_SECONDS
        )
    except NotSent as error:
        raise CommandError(f"The push did not leave: {error.why}. See that APNs can be reached from here.") from error
    except Ambiguous as error:
        raise CommandError(f"No answer came: {error.why}. The push may have arrived.") from error
    finally:
        await transport.close()
