"""What reaches Apple, Google and a collector of traces, made from the settings."""

import ssl
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import httpx

from app.apns.engine_transport import Engine, EngineTransport, TransportSettings
from app.apns.request import Environment
from app.settings import Settings
from events.errors import LockstepError
from events.postgres.pool import Pool

if TYPE_CHECKING:
    from app.tracing.recorder import Recorder


def apns_transport(settings: Settings) -> EngineTransport:
    """Give what sends pushes, on the engine of the settings."""
    urls = {
        Environment.PRODUCTION: settings.apns_production_url,
        Environment.SANDBOX: settings.apns_sandbox_url,
        Environment.FCM: settings.fcm_url,
    }
    return EngineTransport(_engine(settings), TransportSettings(base_urls=urls))


def token_client(settings: Settings) -> httpx.AsyncClient | None:
    """Give what asks Google for access tokens; None where the settings name no account."""
    if settings.fcm_account is None and settings.fcm_accounts is None:
        return None
    trusted = None if settings.apns_ca_file is None else str(settings.apns_ca_file)
    return httpx.AsyncClient(http2=True, verify=ssl.create_default_context(cafile=trusted), follow_redirects=False)


def channels_transport(settings: Settings) -> EngineTransport:
    """Give what makes and deletes channels, at Apple's addresses for that."""
    urls = {
        Environment.PRODUCTION: settings.apns_production_channels_url,
        Environment.SANDBOX: settings.apns_sandbox_channels_url,
    }
    return EngineTransport(_engine(settings), TransportSettings(base_urls=urls))


def _engine(settings: Settings) -> Engine:
    ca_file = None if settings.apns_ca_file is None else str(settings.apns_ca_file)
    # A connection that does not come about must fail before the push does: then it is known that it did not leave.
    connect_timeout = settings.dispatch_rules().deadline * 2 / 3
    if settings.apns_engine == "httpx":
        from app.apns.httpx_engine import HttpxEngine

        return HttpxEngine(ca_file=ca_file, connect_timeout_seconds=connect_timeout)
    from app.apns.pyqwest_engine import PyqwestEngine

    return PyqwestEngine(ca_file=ca_file, connect_timeout_seconds=connect_timeout)


def open_recorder(url: str, pool: Pool, roles: Sequence[str], stack: AsyncExitStack) -> "Recorder":
    """Give what records traces; it is imported here alone.

    Raises:
        LockstepError: OpenTelemetry is not installed.
    """
    try:
        from app.tracing.export import Exporter
        from app.tracing.recorder import Recorder
    except ModuleNotFoundError as error:
        raise LockstepError(
            f"LOCKSTEP_OTLP_URL is set, and {error.name} is not installed. Run: pip install 'lockstep[otel]'"
        ) from error
    exporter = Exporter(url, ",".join(roles))
    stack.push_async_callback(exporter.close)
    return Recorder(pool, exporter)
