"""A kind of subject of a team's own: its definition, made ready for the fold.

Its `evolve` is a team's code. What it gives is read back from JSON at once, so that a state is the same whether it was
stored in between or not; and where personal values were given, it is asked once more without them, so that none ends
up where an erasure does not reach.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from events.fact import Fact
from events.personal import emptied, merge, personal_fields, split
from projections.definition import CardDefinition, SendersCard
from projections.errors import EvolveError
from projections.raised import raised
from projections.steps import Step

_encode: Final = msgspec.json.Encoder(order="sorted").encode
_read_object: Final = msgspec.json.Decoder(dict[str, Any]).decode
_T = TypeVar("_T")


class OwnKind:
    """What the fold asks of a definition.

    Attributes:
        name: Of the kind.
        version: Of its fold.
        opening: The type of the event that opens a subject.
        steps: By type.
        by_sender: What is so where the sender holds the state; None: we do.
    """

    def __init__(self, card: CardDefinition) -> None:
        if card.state is None or card.evolve is None:
            raise AssertionError("a kind of one's own has a state and a fold")
        self.name = card.kind
        self.version = card.version
        self.opening = card.opening
        self.by_sender = card if isinstance(card, SendersCard) else None
        self.steps: Mapping[str, Step] = card.steps
        self._shape = card.state
        self._evolve = card.evolve
        self._decode = msgspec.json.Decoder(card.state).decode
        self._personal = personal_fields(card.state)
        self._of_facts = {fact.TYPE: personal_fields(fact) for fact in card.facts}

    def bare(self, fact: Fact) -> Fact:
        """Give a fact without its personal values."""
        return emptied(fact, self._of_facts[fact.TYPE])

    def bare_state(self, state: Struct) -> Struct:
        """Give a state without its personal values."""
        return emptied(state, self._personal)

    def begin(self) -> Struct:
        """Give the state before the first event."""
        return self._checked(self._shape())

    def evolve(self, state: Struct, fact: Fact, at: datetime) -> Struct:
        """Give the state after a fact.

        Args:
            state: Before it.
            fact: What happened, with its personal values unless they were erased.
            at: When it takes effect, aware UTC.

        Raises:
            EvolveError: The definition's fold raised, gave what is no state, or let a personal value into a field
                that is not marked.
        """
        after = self._evolved(state, fact, at)
        bare_fact, bare_state = self.bare(fact), self.bare_state(state)
        if bare_fact != fact or bare_state != state:
            without = self.bare_state(self._evolved(bare_state, bare_fact, at))
            if (bare := self.bare_state(after)) != without:
                self._refuse_leak(fact.TYPE, bare, without)
        return after

    def ask(self, name: str, kind: type[_T], function: Any, *values: Any) -> _T:
        """Ask a function of a step.

        Raises:
            EvolveError: It raised, or gave something else.
        """
        try:
            given = function(*values)
        except Exception as error:  # noqa: BLE001 - a team's code
            raise EvolveError(self.name, raised(name, error)) from None
        if not isinstance(given, kind):
            raise EvolveError(self.name, f"{name} gave {type(given).__name__}, not {kind.__name__}")
        return given

    def parted(self, state: Struct) -> tuple[dict[str, Any], dict[str, Any]]:
        """Give a state as JSON objects: without personal values, and those alone."""
        whole = _read_object(_encode(state))
        personal = split(whole, self._personal)
        return whole, {} if self.bare_state(state) == state else personal

    def joined(self, state: dict[str, Any], personal: dict[str, Any]) -> Struct:
        """Read a state back from its halves.

        Raises:
            msgspec.ValidationError: It is none.
        """
        merge(state, personal, self._personal)
        return self._decode(_encode(state))

    def _evolved(self, state: Struct, fact: Fact, at: datetime) -> Struct:
        return self._checked(self.ask("evolve", self._shape, self._evolve, state, fact, at))

    def _checked(self, state: Struct) -> Struct:
        """Read a state back as it would be stored."""
        try:
            return self._decode(_encode(state))
        except Exception as error:  # noqa: BLE001 - whatever a team put into it
            why = f"gave a {self._shape.__name__} that cannot be read back ({type(error).__name__})"
            raise EvolveError(self.name, f"evolve {why}") from None

    def _refuse_leak(self, type_: str, one: Struct, other: Struct) -> None:
        names = [
            f"/{field.encode_name}"
            for field in msgspec.structs.fields(self._shape)
            if getattr(one, field.name) != getattr(other, field.name)
        ]
        raise EvolveError(
            self.name,
            f"evolve lets a personal value decide what is no personal field: {', '.join(names)} after {type_}. Mark "
            "the field as personal, or do not derive it from one",
        )
