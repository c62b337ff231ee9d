"""Loads a team's own cards from the modules that the settings name."""

import importlib
import re
import sys
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from projections.alert_text import faults_of
from projections.definition import CardDefinition
from projections.errors import CardModuleError
from projections.registry import CARDS

SETTING: Final = "LOCKSTEP_CARDS"
_is_swift_name = re.compile(r"[A-Za-z_][A-Za-z0-9_]*").fullmatch


def install_cards(names: Sequence[str]) -> None:
    """Load modules and know their cards from now on; the working directory is looked into last.

    Args:
        names: Import names; each module holds `CARD`, a `CardDefinition`.

    Raises:
        CardModuleError: With everything that is wrong.
    """
    if names and (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)
    cards, wrong = list[CardDefinition](), list[str]()
    for name in names:
        card, faults = _load(name)
        wrong += [f"{name}{fault}" for fault in faults]
        if card is not None and not faults:
            cards.append(card)
    wrong += _twice(cards)
    if wrong:
        raise CardModuleError(f"The cards of {SETTING} cannot be used:\n" + "\n".join(f"  {each}" for each in wrong))
    CARDS.install(cards, names)


def _load(name: str) -> tuple[CardDefinition | None, list[str]]:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        cure = (
            " Is it in the working directory, or on PYTHONPATH?" if error.name in (name, name.partition(".")[0]) else ""
        )
        return None, [f" cannot be imported: {error}.{cure}"]
    except Exception as error:  # noqa: BLE001 - a team's code
        [*_, last] = traceback.extract_tb(error.__traceback__)
        place = f"{Path(last.filename).name}, line {last.lineno}"
        return None, [f" cannot be imported: {type(error).__name__}: {error} ({place})"]
    card = getattr(module, "CARD", None)
    if not isinstance(card, CardDefinition):
        return None, [" has no CARD; it is to hold CARD = CardDefinition(…)"]
    return card, [f".CARD.{fault}" for fault in _faults(card)]


def _faults(card: Any) -> Iterator[str]:
    """Name what is wrong with a definition, whose fields may hold anything."""
    if not isinstance(card.attributes_type, str) or not _is_swift_name(card.attributes_type):
        yield "attributes_type is to be the bare name of a Swift struct, such as BookingAttributes"
    for name in ("attributes", "content_state"):
        if not _is_struct(getattr(card, name)):
            yield f"{name} is to be a class that derives from msgspec.Struct"
    if _is_struct(card.attributes) and "cardId" not in card.attributes.__struct_encode_fields__:
        yield "attributes is to have a field card_id, cardId in JSON: the app reports its card by it"
    for name in ("render", "render_attributes"):
        if not callable(getattr(card, name)):
            yield f"{name} is to be a function"
    yield from _alert_faults(card)
    if card.kind != "order":
        yield "kind is to be order"


def _is_struct(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, Struct)


def _alert_faults(card: Any) -> Iterator[str]:
    if not isinstance(card.alerts, Mapping):
        yield "alerts is to give a text, or an EventAlert, by the type of an event"
        return
    said = {f"alerts[{type_!r}]": alert for type_, alert in card.alerts.items()}
    for name, alert in (said | {"otherwise": card.otherwise, "title": card.title}).items():
        for fault in faults_of(alert):
            yield f"{name} {fault}"


def _twice(cards: Sequence[CardDefinition]) -> Iterator[str]:
    for name in ("kind", "attributes_type"):
        for value, count in Counter(getattr(each, name) for each in cards).items():
            if count > 1:
                yield f"{count} cards have the {name} {value}; it is to be one"
