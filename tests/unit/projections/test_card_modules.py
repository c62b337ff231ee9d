"""The modules that the settings name: loaded once, or refused with everything that is wrong."""

from pathlib import Path
from typing import Final

import pytest

from projections.card_modules import install_cards
from projections.errors import CardModuleError
from projections.registry import Registry
from tests.cards.order_in_brief import CARD

BRIEF: Final = "tests.cards.order_in_brief"


def refused(*names: str) -> list[str]:
    """Give the lines of the complaint about some modules."""
    with pytest.raises(CardModuleError) as error:
        install_cards(names)
    first, *lines = str(error.value).splitlines()
    assert first == "The cards of LOCKSTEP_CARDS cannot be used:"
    return [line.strip() for line in lines]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a module in the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path / f"{tmp_path.name}.py"


def test_a_module_is_loaded(cards: Registry) -> None:
    """Its card takes the place of the order's, and its name is handed on to processes that are started."""
    install_cards([BRIEF])

    assert cards.of_kind("order") is CARD
    assert cards.modules == (BRIEF,)


def test_a_module_in_the_working_directory_is_found(cards: Registry, module: Path) -> None:
    """As a developer begins."""
    module.write_text(f"from {BRIEF} import CARD\n")
    install_cards([module.stem])

    assert cards.of_kind("order") is CARD


def test_everything_that_is_wrong_is_told_at_once(cards: Registry) -> None:
    """And nothing changes."""
    assert refused("shop.nowhere", "tests.cards", BRIEF, BRIEF) == [
        "shop.nowhere cannot be imported: No module named 'shop'. Is it in the working directory, or on PYTHONPATH?",
        "tests.cards has no CARD; it is to hold CARD = CardDefinition(…)",
        "2 cards have the kind order; it is to be one",
        "2 cards have the attributes_type BriefAttributes; it is to be one",
    ]
    assert cards.modules == ()


def test_a_module_that_raises_says_where(module: Path) -> None:
    """Its own line."""
    module.write_text("import msgspec\n\nSEATS = 1 / 0\n")

    assert refused(module.stem) == [
        f"{module.stem} cannot be imported: ZeroDivisionError: division by zero ({module.name}, line 3)"
    ]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("attributes_type='shop.Brief'", "attributes_type is to be the bare name of a Swift struct"),
        ("content_state=dict", "content_state is to be a class that derives from msgspec.Struct"),
        ("render=None", "render is to be a function"),
        ("alerts={'order.placed': 7}", "alerts['order.placed'] is to be a text, a function of a view"),
        ("otherwise=None", "otherwise is to be a text"),
        ("alerts=None", "alerts is to give a text, or an EventAlert, by the type of an event"),
        ("title=''", "title is to be a text"),
    ],
)
def test_a_wrong_definition_names_its_field(module: Path, change: str, fault: str) -> None:
    """With what it is to be."""
    module.write_text(
        f"from msgspec.structs import replace\nfrom {BRIEF} import CARD as OURS\n\nCARD = replace(OURS, {change})\n"
    )
    [line] = refused(module.stem)

    assert line.startswith(f"{module.stem}.CARD.{fault}")
