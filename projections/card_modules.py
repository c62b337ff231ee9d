"""Loads a team's own cards from the modules that the settings name."""

import importlib
import sys
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from projections.card_faults import faults_of_card
from projections.definition import CardDefinition
from projections.errors import CardModuleError
from projections.registry import CARDS

SETTING: Final = "LOCKSTEP_CARDS"


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
    return card, [f".CARD.{fault}" for fault in faults_of_card(card)]


def _twice(cards: Sequence[CardDefinition]) -> Iterator[str]:
    for name in ("kind", "attributes_type"):
        for value, count in Counter(getattr(each, name) for each in cards).items():
            if count > 1:
                yield f"{count} cards have the {name} {value}; it is to be one"
