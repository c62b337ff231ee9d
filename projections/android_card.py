"""What a card shows on a phone with Android: its Live Update, from the same view as the card of an iPhone."""

from typing import Final

import msgspec
from msgspec.structs import replace

from projections.errors import RenderError
from projections.face import Face, hash_of
from projections.registry import CARDS
from projections.view import CardView

_encode: Final = msgspec.json.Encoder().encode


def on_android(face: Face, view: CardView, attributes_type: str, key: bytes) -> Face:
    """Give the face of a card on a phone with Android; its content is an `AndroidFace`.

    Args:
        face: What an iPhone's card shows.
        view: The folded subject.
        attributes_type: Of the card.
        key: Keys the content hash.
    """
    bare = replace(face, images=frozenset(), image_paths=())
    if not face.placed or face.is_blank or face.failure is not None:
        return bare
    definition = CARDS.of_type(attributes_type, view.kind)
    try:
        page = definition.draw_web(view, face.content)
        content = _encode(definition.draw_android(view, page, over=view.over))
    except RenderError as error:
        return replace(bare, content=b"{}", failure=error)
    return replace(bare, content=content, content_hash=hash_of(content, face.wishes, key))
