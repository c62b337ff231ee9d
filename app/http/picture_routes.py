"""Takes the manifest of pictures from upstream, and what apps report of pictures on phones."""

from typing import Final

import msgspec
from aiohttp import web

from app.devices.pictures import MOST_REPORTED, AssetErrand, AssetKey, AssetPage, AssetReport, PhoneAssets
from app.http.answers import json_answer
from app.http.bodies import read_value
from app.http.device_routes import let_in
from app.http.edge import edge_of
from app.http.operation import Answer, Body, describe, no_content
from app.http.path import path_id
from app.http.problems import ProblemError, not_found

_MOST_VALUES: Final = 8 * MOST_REPORTED
"""A full report has three values a picture on the phone, and four for one that is not."""
_KEYS: Final = "A key has 1 to 100 letters, digits, dots, hyphens and underscores."


_HASH: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_ASSET: Final = {"url": "https://shop.example/taverna.png", "sha256": _HASH, "sizeBytes": 18_233}
_PAGE: Final = Answer(
    what="All versions of the picture, the newest first.",
    shape=AssetPage,
    example={
        "key": "taverna",
        "versions": [{"ref": "taverna@9f86d081884c", **_ASSET, "putAt": "2026-11-22T18:35:37Z"}],
    },
)


@describe(answers={200: _PAGE}, bodies=(Body(shape=AssetReport, example=_ASSET),))
async def put_asset(request: web.Request) -> web.Response:
    """Put a version of a picture into the manifest."""
    key = _key(request)
    return json_answer(await edge_of(request).pictures.put(key, await read_value(request, AssetReport)))


@describe(answers={200: _PAGE})
async def get_asset(request: web.Request) -> web.Response:
    """Give all versions of a picture."""
    page = await edge_of(request).pictures.read(_key(request))
    if page is None:
        raise _no_asset()
    return json_answer(page)


@describe(answers=no_content("The picture is withdrawn."))
async def delete_asset(request: web.Request) -> web.Response:
    """Withdraw a picture: cards show their placeholder instead."""
    if not await edge_of(request).pictures.withdraw(_key(request)):
        raise _no_asset()
    return web.Response(status=204)


@describe(
    answers={
        200: Answer(
            what="Which pictures the app should fetch, and which it may delete.",
            shape=AssetErrand,
            example={"fetch": [], "drop": []},
        )
    },
    bodies=(Body(shape=PhoneAssets, example={"assets": [{"key": "taverna", "sha256": _HASH}]}),),
)
async def put_phone_assets(request: web.Request) -> web.Response:
    """Store which pictures a phone has; answer which to fetch and delete."""
    device_id = path_id(request, "device_id")
    report = await read_value(request, PhoneAssets, limit_nodes=_MOST_VALUES)
    await let_in(request, device_id)
    edge = edge_of(request)
    await edge.registry.owner(device_id)
    return json_answer(await edge.pictures.report(device_id, report))


def _key(request: web.Request) -> str:
    try:
        return msgspec.convert(path_id(request, "key"), AssetKey)
    except msgspec.ValidationError:
        raise not_found(_KEYS) from None


def _no_asset() -> ProblemError:
    return not_found("The manifest has no such picture.")
