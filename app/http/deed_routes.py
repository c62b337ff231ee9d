"""What people do through the API: send cards again, end them, let an order be folded again, lift a pause."""

from typing import Final
from uuid import UUID

import msgspec
from aiohttp import web

from app.access.caller import label_of
from app.deeds import Asked
from app.http.answers import json_answer
from app.http.bodies import read_value
from app.http.edge import caller_of, edge_of
from app.http.operation import Answer, Body, describe, no_content
from app.http.path import path_id
from app.http.problems import not_found
from projections.pause import ToldPause, told_pause

_CARD: Final = "9ed9344a-bf63-4a15-8ca1-f1907008291e"


class CardsRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Which cards of an order: one, or all that are open."""

    card_id: UUID | None = None


class CardsAnswer(msgspec.Struct, frozen=True):
    """The cards of which it was asked, by their ids."""

    asked: tuple[str, ...]


class ReleaseAnswer(msgspec.Struct, frozen=True):
    """What became of the order: `released`."""

    outcome: str


class PauseList(msgspec.Struct, frozen=True):
    """The pauses that hold now."""

    pauses: tuple[ToldPause, ...]


_ASKED: Final = {
    202: Answer(what="The cards were asked; the dispatcher does it.", shape=CardsAnswer, example={"asked": [_CARD]})
}
_WHICH: Final = (Body(shape=CardsRequest, example={"cardId": _CARD}),)


@describe(answers=_ASKED, bodies=_WHICH)
async def post_cards_resend(request: web.Request) -> web.Response:
    """Send an order's cards what they should show now, although APNs accepted just that already."""
    return await _ask(request, "resend")


@describe(answers=_ASKED, bodies=_WHICH)
async def post_cards_end(request: web.Request) -> web.Response:
    """End an order's cards: they leave the phone, and do not come back; the order goes on."""
    return await _ask(request, "end")


@describe(
    answers={202: Answer(what="The next projector folds it.", shape=ReleaseAnswer, example={"outcome": "released"})}
)
async def post_order_release(request: web.Request) -> web.Response:
    """Let an order be folded again that was set aside because its fold failed."""
    order_id = path_id(request, "order_id")
    if not await edge_of(request).deeds.release(label_of(caller_of(request)), order_id):
        raise not_found("No order by this id is set aside.")
    return json_answer(ReleaseAnswer("released"), status=202)


@describe(
    answers={
        200: Answer(
            what="The pauses.",
            shape=PauseList,
            example={
                "pauses": [
                    {
                        "kind": "app", "key": "com.example.shop", "reason": "bad certificate",
                        "pausedAt": "2026-11-22T18:35:37Z", "until": None,
                        "resume": "lockstep resume --app com.example.shop",
                    }
                ]
            },
        )
    }
)  # fmt: skip
async def get_pauses(request: web.Request) -> web.Response:
    """List the pauses that hold now, each with the command that lifts it."""
    found = await edge_of(request).deeds.pauses.list()
    return json_answer(PauseList(tuple(map(told_pause, found))))


@describe(answers=no_content("Pushes are sent again: each card gets what it should show now."))
async def delete_pause(request: web.Request) -> web.Response:
    """Lift a pause."""
    kind, key = path_id(request, "kind"), path_id(request, "name")
    if not await edge_of(request).deeds.resume(label_of(caller_of(request)), kind, key):
        raise not_found("There is no such pause.")
    return web.Response(status=204)


async def _ask(request: web.Request, what: Asked) -> web.Response:
    order_id = path_id(request, "order_id")
    wanted = await read_value(request, CardsRequest)
    by = label_of(caller_of(request))
    asked = await edge_of(request).deeds.ask_of_cards(by, order_id, what, card_id=wanted.card_id)
    if not asked:
        raise not_found("The order has no such open card.")
    return json_answer(CardsAnswer(tuple(asked)), status=202)
