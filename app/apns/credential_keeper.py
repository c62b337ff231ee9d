"""Holds the signing keys of a process, and takes up new ones when their files change: a rotation needs no restart."""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import httpx
import structlog

from app.apns.access_token import AccessToken
from app.apns.credential_settings import SigningKey, text_of
from app.apns.credentials import Credentials
from app.apns.errors import SigningKeyError
from app.apns.fcm_account import ServiceAccount
from app.apns.provider_token import ProviderToken
from app.apns.request import Environment
from app.apns.served import Served
from app.apns.shared_token import SharedProviderToken
from app.apns.transports import PushTransport
from app.errors import SettingsError
from events.postgres.pool import Pool
from events.sealing import Keyring
from events.waiting import first_of

log = structlog.get_logger()

LOOK_SECONDS: Final = 10.0

Keys = list[tuple[Served, SharedProviderToken]]


class CredentialKeeper:
    """Reads keys and watches their files.

    Args:
        pool: Connections, for the provider tokens that all processes share.
        keyring: Seals those.
        read: Reads the settings' keys, anew at each call.
        read_accounts: Reads Google's service accounts, likewise.
        files: Names the files that the keys come from, besides those that a key names itself.
        transport: Connections that were opened with a key of before are replaced.
        client: Asks Google for access tokens.

    Raises:
        SettingsError: The keys cannot be used.
        SigningKeyError: A key's text is no key of Apple's.
    """

    def __init__(
        self,
        pool: Pool,
        keyring: Keyring,
        read: Callable[[], list[SigningKey]],
        *,
        files: Iterable[str],
        transport: PushTransport,
        read_accounts: Callable[[], list[ServiceAccount]] = list,
        client: httpx.AsyncClient | None = None,
    ) -> None:
        self._pool = pool
        self._keyring = keyring
        self._read = read
        self._read_accounts = read_accounts
        self._client = client
        self._files = tuple(files)
        self._transport = transport
        self._tokens: dict[tuple[str, str, str], SharedProviderToken] = {}
        self._seen: dict[str, tuple[int, int] | None] = {}
        self.credentials = Credentials(self._load())

    async def run(self, stop: asyncio.Event) -> None:
        """Look for changed files until told to stop."""
        while not stop.is_set():
            await first_of(stop, seconds=LOOK_SECONDS)
            self.look()

    def look(self) -> bool:
        """Take up the keys anew if a file changed; what cannot be used is told, and the keys of before serve on."""
        if all(_state(path) == state for path, state in self._seen.items()):
            return False
        try:
            keys = self._load()
        except (SettingsError, SigningKeyError) as error:
            log.error("credentials_not_taken_up", reason=str(error))  # noqa: TRY400 - a traceback would name the text
            return False
        before = self.credentials.names
        self.credentials.replace(keys)
        # those of keys that serve no more close, and a key that serves again may be another under the same id
        for environment in Environment:
            for credential in before:
                self._transport.renew(environment, credential)
        log.info("credentials_taken_up", keys=sorted(token.key_id for _, token in keys))
        return True

    def _load(self) -> Keys:
        # noted before the files are read: a change in between is seen by the next look
        self._seen = {path: _state(path) for path in self._files}
        keys = self._read()
        self._seen |= {each.key_file: _state(each.key_file) for each in keys if each.key_file is not None}
        served = [(each.served, self._token(each)) for each in keys]
        return served + [(each.served, self._access_token(each)) for each in self._read_accounts()]

    def _token(self, key: SigningKey) -> SharedProviderToken:
        """Give the token of a key; one that did not change keeps it."""
        text = text_of(key)
        name = (key.team_id, key.key_id, text)
        if name not in self._tokens:
            self._tokens[name] = SharedProviderToken(
                self._pool, self._keyring, ProviderToken(key.team_id, key.key_id, text)
            )
        return self._tokens[name]

    def _access_token(self, account: ServiceAccount) -> SharedProviderToken:
        """Give the access token of a service account; one that did not change keeps it."""
        if self._client is None:
            raise AssertionError("who reads service accounts has a client to ask with")
        name = (account.project_id, account.private_key_id, account.private_key)
        if name not in self._tokens:
            self._tokens[name] = SharedProviderToken(self._pool, self._keyring, AccessToken(account, self._client))
        return self._tokens[name]


def _state(path: str) -> tuple[int, int] | None:
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
