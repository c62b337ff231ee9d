"""Judge phones whose cards show pictures, by `docs/images.md`.

The rules, beside those of `judge`:

- A card whose app has an update token shows the newest version of its picture that is on the phone, else the
  placeholder. A key that is not in the manifest stays as it is.
- What a card without an update token was started with, or ended with, may show any version, or the placeholder; and the
  bare key, where keys come into the manifest after cards.
- An app that fetches pictures, has room, and was not force-quit has those that its cards name, as far as they can be
  had, and came into the manifest before the order was over.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from app.demo.gallery import Version
from app.demo.judge import Reading, judge_phone
from app.demo.oracle import Expected

PLACEHOLDER = "placeholder"


def judge_pictures(
    phone: Reading,
    orders: Mapping[str, Sequence[Expected]],
    now: datetime,
    manifest: Mapping[str, Sequence[Version]],
    *,
    late: bool = False,
) -> list[str]:
    """Give the differences in words; none if the phone is right.

    Args:
        phone: what the phone shows.
        orders: for each order what is expected after each of its events, with the bare key, the last at the end.
        now: aware.
        manifest: the versions of each key, the newest last; none once it was withdrawn.
        late: whether keys came into the manifest after cards that name them.
    """
    has = {each["ref"] for each in phone["pictures"]}
    seen = {
        order_id: [
            *(each for stage in stages for each in _possible(stage, manifest)),
            *(stages if late else ()),
            _exact(stages[-1], manifest, has),
        ]
        for order_id, stages in orders.items()
        if stages
    }
    differences = judge_phone(phone, seen, now)
    behaviour = phone["behaviour"]
    if not behaviour["fetchesPictures"] or behaviour["storageBytes"] is not None or phone["forceQuit"]:
        return differences
    shown = {card["subject"] for card in phone["cards"] if card["state"] == "active"}
    for order_id in shown & seen.keys():
        if late and orders[order_id][-1].over:
            continue
        versions = manifest.get(str(orders[order_id][-1].content.get("imageKey")), ())
        newest = versions[-1] if versions else None
        if newest is not None and newest.fetched and newest.ref not in has | phone["failedPictures"].keys():
            differences.append(f"phone {phone['id']}: lacks the picture {newest.ref} of order {order_id}")
    return differences


def _exact(stage: Expected, manifest: Mapping[str, Sequence[Version]], has: set[str]) -> Expected:
    """Give what a card shows on a phone that has these pictures."""
    key = str(stage.content.get("imageKey"))
    if key not in manifest:
        return stage
    there = [each.ref for each in manifest[key] if each.ref in has]
    return _with(stage, there[-1] if there else PLACEHOLDER)


def _possible(stage: Expected, manifest: Mapping[str, Sequence[Version]]) -> Iterator[Expected]:
    """Give what a card may have shown at some time."""
    key = str(stage.content.get("imageKey"))
    if key not in manifest:
        yield stage
        return
    yield _with(stage, PLACEHOLDER)
    for each in manifest[key]:
        yield _with(stage, each.ref)


def _with(stage: Expected, shown: str) -> Expected:
    return replace(stage, content=stage.content | {"imageKey": shown})
