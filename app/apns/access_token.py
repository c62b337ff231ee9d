"""Gets the access token that authorises the messages of a Firebase project.

Google's rules: a service account signs, with its RSA key, who it is and what it asks for; the token that it is given
for that is good for an hour.

Source:
    Google, "Using OAuth 2.0 for server to server applications"; RFC 7523.
"""

import asyncio
from typing import Annotated, Final

import httpx
import jwt
import msgspec
import structlog

from app.apns.errors import NotSent, NotSentCause
from app.apns.fcm_account import ServiceAccount
from app.apns.held_token import HeldToken, IssuedToken, fingerprint_of

log = structlog.get_logger()

SCOPE: Final = "https://www.googleapis.com/auth/firebase.messaging"
GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIFETIME_SECONDS: Final = 3_600
RENEW_AFTER_SECONDS: Final = 45 * 60
OLDEST_SECONDS: Final = 59 * 60
ASK_SECONDS: Final = 3.0
YOUNGEST_CHANGE_SECONDS: Final = 30
"""A token that is refused so soon after it was given is not what is wrong."""
FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 60.0


class _Granted(msgspec.Struct, frozen=True):
    access_token: Annotated[str, msgspec.Meta(min_length=1, max_length=8_192, pattern=r"^[\x21-\x7e]+$")]
    expires_in: int = LIFETIME_SECONDS


class _Refusal(msgspec.Struct, frozen=True):
    error: str = ""


_read_granted = msgspec.json.Decoder(_Granted).decode
_read_refusal = msgspec.json.Decoder(_Refusal).decode


class AccessToken(HeldToken):
    """Asks for tokens of one account, and knows the current one and how long it is good.

    Args:
        account: Whose tokens they are.
        client: Asks; its timeouts count.

    Raises:
        SettingsError: The account's key cannot be used.
    """

    def __init__(self, account: ServiceAccount, client: httpx.AsyncClient) -> None:
        super().__init__(youngest=YOUNGEST_CHANGE_SECONDS, oldest=OLDEST_SECONDS)
        self._account = account
        self._client = client
        self._key = account.rsa_key()
        self.key_fingerprint = fingerprint_of(self._key)
        self._pause = 0.0
        self._not_before = 0.0
        self._refused = ""

    def __repr__(self) -> str:
        return f"AccessToken(project_id={self._account.project_id!r})"

    @property
    def team_id(self) -> str:
        """Name the project."""
        return self._account.project_id

    @property
    def key_id(self) -> str:
        """Name the key."""
        return self._account.private_key_id

    async def issue(self, now: float) -> IssuedToken:
        """Ask for another token, which is not the current one before it is adopted.

        It counts as issued an hour before it expires.

        Args:
            now: Unix seconds, from the clock that all processes share.

        Raises:
            NotSent: It was not given; until a while has passed nobody is asked again.
        """
        clock = asyncio.get_running_loop().time()
        if clock < self._not_before:
            raise NotSent(self._refused, cause=NotSentCause.UNAUTHORISED)
        try:
            granted = await self._ask(int(now))
        except NotSent as error:
            self._pause = min(2 * self._pause or FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
            self._not_before, self._refused = clock + self._pause, error.why
            log.error("fcm_gives_no_access_token", project=self.team_id, reason=error.why)  # noqa: TRY400 - it is told
            raise
        self._pause = self._not_before = 0.0
        return IssuedToken(granted.access_token, int(now) + granted.expires_in - LIFETIME_SECONDS)

    def due(self, now: float) -> bool:
        """Tell whether another token is wanted: there is none, or it is old or refused."""
        return self._current is None or self._invalid or abs(now - self._current.issued_at) >= RENEW_AFTER_SECONDS

    async def _ask(self, now: int) -> _Granted:
        account = self._account
        claims = {"iss": account.client_email, "scope": SCOPE, "aud": account.token_uri, "iat": now}
        claims["exp"] = now + LIFETIME_SECONDS
        signed = jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": account.private_key_id})
        try:
            async with asyncio.timeout(ASK_SECONDS):
                answer = await self._client.post(account.token_uri, data={"grant_type": GRANT, "assertion": signed})
        except (httpx.HTTPError, TimeoutError) as error:
            why = f"{account.token_uri} could not be asked for an access token ({type(error).__name__})"
            raise NotSent(why, cause=NotSentCause.UNAUTHORISED) from None
        try:
            if answer.status_code == httpx.codes.OK:
                return _read_granted(answer.content)
            word = _read_refusal(answer.content).error
        except msgspec.DecodeError:
            word = ""
        named = f" ({word[:64]})" if word else ""
        why = f"{account.token_uri} answered {answer.status_code}{named} when asked for an access token"
        raise NotSent(why, cause=NotSentCause.UNAUTHORISED)
