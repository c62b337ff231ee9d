"""What every request about channels has in common, whatever it is about: it is sent, judged, and acted upon."""

from datetime import datetime

from app.apns.answer import Answer
from app.apns.channel_request import ChannelRequest
from app.apns.channel_verdict import ChannelVerdict
from app.apns.errors import Ambiguous, NotSent
from app.apns.operator_call import call_operator
from app.apns.shared_token import SharedProviderToken
from app.apns.transports import ChannelTransport

Outcome = Answer | NotSent | Ambiguous


async def ask(
    transport: ChannelTransport,
    request: ChannelRequest,
    token: SharedProviderToken,
    bearer: str,
    *,
    deadline_seconds: float,
) -> Outcome:
    """Ask once, and give whatever came of it."""
    try:
        return await transport.send(
            request, credential=token.credential, bearer=bearer, deadline_seconds=deadline_seconds
        )
    except (NotSent, Ambiguous) as error:
        return error.with_traceback(None)


def act_upon(
    verdict: ChannelVerdict,
    transport: ChannelTransport,
    request: ChannelRequest,
    token: SharedProviderToken,
    bearer: str,
    now: datetime,
) -> None:
    """Do what a verdict asks for besides the channel: the provider token, the connection, the operator."""
    sender, app, environment = verdict.sender, request.app, request.environment
    if sender.refresh_provider_token:
        token.invalidate(bearer, now.timestamp())
    if sender.new_generation:
        transport.renew(environment, token.credential)
    if sender.tell_operator is not None:
        call_operator(environment, sender.tell_operator, app=app)
