"""Which cards this process knows: the order's own and those of a team's modules, installed once at its start."""

from collections.abc import Collection, Sequence
from typing import Final

from projections.content_state import CARD as ORDER_CARD
from projections.definition import CardDefinition
from projections.errors import UnknownCardError
from projections.order_view import OrderView


class Registry:
    """The definitions of cards, by the kind of their subjects and by their attributes type.

    Attributes:
        modules: The import names of a team's modules.
        cards: A card for each kind.
    """

    modules: tuple[str, ...]
    cards: Collection[CardDefinition]

    def __init__(self) -> None:
        self.install(())

    def install(self, cards: Collection[CardDefinition], modules: Sequence[str] = ()) -> None:
        """Know these cards from now on, and the order's own, of which one takes the place.

        Cards of the order's own type that are on phones go on being drawn by it.

        Args:
            cards: No two of one kind or attributes type.
            modules: Where they are from, for processes that this one starts.
        """
        self.modules = tuple(modules)
        self._by_kind = {each.kind: each for each in (ORDER_CARD, *cards)}
        self._by_type = {each.attributes_type: each for each in (ORDER_CARD, *cards)}
        self.cards = tuple(self._by_kind.values())

    def of_kind(self, kind: str) -> CardDefinition:
        """Give the card of subjects of a kind.

        Raises:
            UnknownCardError: There is none here.
        """
        found = self._by_kind.get(kind)
        if found is None:
            raise UnknownCardError(kind, "no module of LOCKSTEP_CARDS shows subjects of this kind")
        return found

    def of_type(self, attributes_type: str, kind: str) -> CardDefinition:
        """Give the card of an attributes type, which shows subjects of a kind.

        Raises:
            UnknownCardError: There is none here.
        """
        found = self._by_type.get(attributes_type)
        if found is None or found.kind != kind:
            known = ", ".join(each.attributes_type for each in self._by_type.values() if each.kind == kind) or "none"
            raise UnknownCardError(attributes_type, f"no card for a subject of kind {kind}; known cards: {known}")
        return found

    def drawn(self, view: OrderView, attributes_type: str | None = None) -> bytes:
        """Give the content state of a view, JSON, for a card of an attributes type, or of its kind.

        Raises:
            RenderError: It cannot be drawn, or not here.
        """
        card = self.of_kind(view.kind) if attributes_type is None else self.of_type(attributes_type, view.kind)
        return card.draw(view)


CARDS: Final = Registry()
