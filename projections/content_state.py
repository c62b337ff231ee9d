"""The default card: a view as the JSON that `OrderAttributes` decodes on the phone. The law is `docs/projection.md`."""

from hashlib import blake2b
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from projections.history import LINES_SHOWN, MICROSECONDS
from projections.order_view import OrderView
from projections.registers import CHARACTERS_SHOWN

ATTRIBUTES_TYPE: Final = "OrderAttributes"
CONTENT_LIMIT_BYTES: Final = 2_304
ATTRIBUTES_LIMIT_BYTES: Final = 1_024
"""Both together leave a start 768 of Apple's 4,096 bytes for its alert, freshness and the rest of `aps`."""

MERCHANT_NAME_CHARACTERS: Final = 64
ORDER_NUMBER_CHARACTERS: Final = 40


class HistoryStep(msgspec.Struct, frozen=True, gc=False):
    """One line of history; `at` in whole Unix seconds."""

    step: str
    at: int


class ContentState(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel", kw_only=True):
    """What changes on a card. Times are whole Unix seconds, progress is 0.0 to 1.0; what is absent is left out."""

    status: str
    courier_name: str | None = None
    delivery_time: int | None = None
    progress: float
    history: tuple[HistoryStep, ...]
    image_key: str | None = None
    note: str | None = None
    updated_at: int


class OrderAttributes(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel", kw_only=True):
    """What a card is started with and keeps."""

    card_id: str
    order_id: str
    order_number: str | None = None
    merchant_name: str


_encode = msgspec.json.Encoder().encode
_encode_sorted = msgspec.json.Encoder(order="sorted").encode
_read_object = msgspec.json.Decoder(dict[str, Any]).decode


def render(view: OrderView) -> bytes:
    """Give the content state, at most `CONTENT_LIMIT_BYTES`: the oldest lines go first, then the note."""
    state = ContentState(
        status=view.status,
        courier_name=_cut(view.courier_name, CHARACTERS_SHOWN),
        delivery_time=None if view.next_expected_at is None else int(view.next_expected_at.timestamp()),
        progress=view.progress_percent / 100,
        history=tuple(HistoryStep(line.step, line.at // MICROSECONDS) for line in view.history[-LINES_SHOWN:]),
        image_key=view.image_key,
        note=_cut(view.note, CHARACTERS_SHOWN),
        updated_at=0 if view.updated_at is None else int(view.updated_at.timestamp()),
    )
    content = _encode(state)
    while len(content) > CONTENT_LIMIT_BYTES and (state.history or state.note is not None):
        state = replace(state, history=state.history[1:]) if state.history else replace(state, note=None)
        content = _encode(state)
    return content


def render_attributes(view: OrderView, *, card_id: str, order_id: str) -> bytes:
    """Give the attributes, at most `ATTRIBUTES_LIMIT_BYTES` for ids within their bounds."""
    return _encode(
        OrderAttributes(
            card_id=card_id,
            order_id=order_id,
            order_number=_cut(view.order_number, ORDER_NUMBER_CHARACTERS),
            merchant_name=_cut(view.merchant_name, MERCHANT_NAME_CHARACTERS) or "",
        )
    )


def content_hash(shown: OrderView | bytes, key: bytes) -> bytes:
    """Give 16 bytes, keyed, that two content states share if they differ in `updatedAt` and `freshness` at most."""
    content = _read_object(render(shown) if isinstance(shown, OrderView) else shown)
    content.pop("updatedAt", None)
    content.pop("freshness", None)
    return blake2b(_encode_sorted(content), digest_size=16, key=key).digest()


def _cut(text: str | None, characters: int) -> str | None:
    return text if text is None else text[:characters]
