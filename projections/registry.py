"""Which cards this process knows: Lockstep's own and those of a team's modules, installed once at its start."""

from collections.abc import Collection, Sequence
from typing import Final

from events.activity import ACTIVITY
from events.vocabulary import install_facts
from projections.activity import CARD as ACTIVITY_CARD
from projections.content_state import CARD as ORDER_CARD
from projections.definition import ORDER, CardDefinition
from projections.errors import UnknownCardError
from projections.own_kind import OwnKind

_NOT_HERE: Final = "no module of LOCKSTEP_CARDS shows subjects of this kind"


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
        """Know these cards and the events of their kinds from now on, and the order's own, unless one takes its place.

        Cards of the order's own type that are on phones go on being drawn by it.

        Args:
            cards: No two of one kind or attributes type.
            modules: Where they are from, for processes that this one starts.
        """
        self.modules = tuple(modules)
        self._by_kind = {each.kind: each for each in (ORDER_CARD, *cards)}
        self._by_type = {each.attributes_type: each for each in (ORDER_CARD, *cards)}
        self._own = {each.kind: OwnKind(each) for each in (ACTIVITY_CARD, *cards) if each.facts}
        self._gathering = {kind: each for each in cards for kind in each.gathers}
        self.cards = tuple(self._by_kind.values())
        install_facts(
            [fact for each in cards for fact in each.facts],
            {key: shape for each in cards for key, shape in each.old_shapes.items()},
        )

    @property
    def known(self) -> tuple[CardDefinition, ...]:
        """All of them, also those that no new card is of."""
        return tuple(self._by_type.values())

    def of_kind(self, kind: str) -> CardDefinition:
        """Give the card of subjects of a kind.

        Raises:
            UnknownCardError: There is none here.
        """
        found = ACTIVITY_CARD if kind == ACTIVITY else self._by_kind.get(kind)
        if found is None:
            raise UnknownCardError(kind, _NOT_HERE)
        return found

    def of_type(self, attributes_type: str, kind: str) -> CardDefinition:
        """Give the card of an attributes type, which shows subjects of a kind; activities are of any type.

        Raises:
            UnknownCardError: There is none here.
        """
        if kind == ACTIVITY:
            return ACTIVITY_CARD
        found = self._by_type.get(attributes_type)
        if found is None or found.kind != kind:
            known = ", ".join(each.attributes_type for each in self._by_type.values() if each.kind == kind) or "none"
            raise UnknownCardError(attributes_type, f"no card for a subject of kind {kind}; known cards: {known}")
        return found

    def find(self, attributes_type: str | None, kind: str) -> CardDefinition | None:
        """Give the card of an attributes type, or, of None, that of a kind; None: it is not known here."""
        if kind == ACTIVITY:
            return ACTIVITY_CARD
        return self._by_kind.get(kind) if attributes_type is None else self._by_type.get(attributes_type)

    def knows(self, kind: str) -> bool:
        """Tell whether subjects of a kind can be folded here."""
        return kind == ORDER or kind in self._own

    @property
    def gathers(self) -> bool:
        """Tell whether a card shows several subjects together."""
        return bool(self._gathering)

    def gathering(self, kind: str) -> CardDefinition | None:
        """Give the card that shows all subjects of a kind together, those of a customer; None: each has its own."""
        return self._gathering.get(kind)

    def own_kind(self, kind: str) -> OwnKind:
        """Give what the fold asks of a kind of a team's own.

        Raises:
            UnknownCardError: There is none here.
        """
        found = self._own.get(kind)
        if found is None:
            raise UnknownCardError(kind, _NOT_HERE)
        return found


CARDS: Final = Registry()
