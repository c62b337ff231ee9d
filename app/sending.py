"""The agents of the role dispatcher that talk to Apple and Google, put together from the settings."""

from collections.abc import Callable, Collection
from contextlib import AsyncExitStack

from app.apns.announcer import Announcer
from app.apns.broadcaster import Broadcaster
from app.apns.channel_reconciler import ChannelReconciler
from app.apns.credential_keeper import CredentialKeeper
from app.apns.credentials import Credentials
from app.apns.dispatcher import Dispatcher
from app.apns.traced_push import pushed_of
from app.outbound import apns_transport, channels_transport, token_client
from app.settings import Settings
from app.supervisor import Loop
from app.tracing.span import Pushed
from events.postgres.doorbell import Doorbell
from events.postgres.pool import Pool
from events.sealing import Keyring


def sending(
    settings: Settings,
    workers: Pool,
    keyring: Keyring,
    stack: AsyncExitStack,
    doorbell: Doorbell,
    *,
    note: Callable[[Pushed], None],
) -> tuple[dict[str, Loop], Credentials]:
    """Give the loops by their names, and the keys that they send by.

    Args:
        settings: What they work by.
        workers: Their connections.
        keyring: Opens tokens, seals receipts.
        stack: Closes what they have opened.
        doorbell: Tells them of work, and others of theirs.
        note: Called with what became of each push.
    """

    def ring_due(slots: Collection[int]) -> None:
        doorbell.ring(due=slots)

    transport = apns_transport(settings)
    stack.push_async_callback(transport.close)
    client = token_client(settings)
    if client is not None:
        stack.push_async_callback(client.aclose)
    keeper = CredentialKeeper(
        workers,
        keyring,
        settings.signing_keys_anew,
        files=settings.signing_key_files(),
        transport=transport,
        read_accounts=settings.service_accounts_anew,
        client=client,
    )
    dispatcher = Dispatcher(
        workers,
        keyring,
        transport,
        keeper.credentials,
        ring_due,
        ring_matcher=lambda: doorbell.ring(matching=True),
        ring_facts=lambda: doorbell.ring(facts=True),
        ring_pictures=lambda: doorbell.ring(pictures=True),
        note=lambda answered: note(pushed_of(answered)),
        rules=settings.dispatch_rules(),
    )
    management = channels_transport(settings)
    stack.push_async_callback(management.close)
    broadcaster = Broadcaster(
        workers,
        keyring,
        transport,
        management,
        keeper.credentials,
        ring_due,
        note=note,
        rules=settings.dispatch_rules(),
    )
    reconciler = ChannelReconciler(
        workers,
        management,
        keeper.credentials,
        ring_due,
        unknown=settings.unknown_channels,
        rules=settings.dispatch_rules(),
    )
    doorbell.listen(dispatcher.hear)
    announcer = Announcer(
        workers,
        keyring,
        transport,
        keeper.credentials,
        ring_due,
        note=note,
        rules=settings.dispatch_rules(),
    )
    doorbell.listen(announcer.hear)
    doorbell.listen(broadcaster.hear)
    loops: dict[str, Loop] = {
        "dispatcher": dispatcher.run,
        "announcer": announcer.run,
        "broadcaster": broadcaster.run,
        "channel_reconciler": reconciler.run,
        "credentials": keeper.run,
    }
    return loops, keeper.credentials
