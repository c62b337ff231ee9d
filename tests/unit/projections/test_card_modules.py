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
        ("breaks={'contentState.seat': None}", "breaks is to give a reason by the field of a schema"),
        ("content_limit_bytes='2 KB'", "content_limit_bytes is to be a number, or None"),
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


OWN = "tests.cards.booking"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("kind='Booking'", "kind is to be a word of its own in lower case, such as booking, and not order"),
        ("version=0", "version is to be 1 or more"),
        ("facts=(dict,)", "facts has dict, which is to derive from events.fact.Fact"),
        ("kind='table'", "BookingMade.TYPE is to be table.… in lower case, and not table.erased"),
        ("facts=OURS.facts[1:]", "one of facts is to have a field customer_id, which opens a booking; 0 have it"),
        ("facts=OURS.facts[:-1]", "steps has booking.cancelled, of which there is no fact"),
        ("steps={}", "steps lacks booking.made; a Step() does nothing but evolve"),
        (
            "steps={**OURS.steps, 'booking.made': Step(terminal=True)}",
            "steps['booking.made'] is terminal: it is to have",
        ),
        (
            "steps={**OURS.steps, 'booking.made': Step('made', 101)}",
            "steps['booking.made'].progress_percent is to be 0",
        ),
        ("steps={**OURS.steps, 'booking.made': Step('made', rank=4)}", "steps['booking.made'].rank is to be 0 to 3"),
        ("state=Bare", "state is to be a class that derives from msgspec.Struct, with frozen=True"),
        ("state=Required", "state.name is to have a default: a booking begins with it"),
        ("state=Deep", "state.names cannot be sealed where its mark is: mark a whole field, or one of the objects"),
        ("evolve=None", "evolve is to be a function"),
        ("facts=(*OURS.facts, Odd)", "Odd.expected_at is to be a Moment"),
        ("facts=(*OURS.facts, Odd)", "Odd.name is personal: type it … | None, because None says that it was erased"),
        ("facts=(*OURS.facts, Odd)", "Odd.guests.name is personal: type it … | None"),
        ("alerts={'booking.lost': 'Lost.'}", "alerts has booking.lost, of which there is no fact"),
        (
            "old_shapes={('booking.made', 2): (OURS.facts[0], dict)}",
            "old_shapes has version 2 of booking.made, which is to be one of facts",
        ),
        ("old_shapes={('booking.made', 1): None}", "old_shapes is to be (type, version) → (class, function)"),
        ("old_shapes={('booking.made', 1): (Odd, dict)}", "Odd.customer_id is to be required, and customerId in"),
        ("facts=()", "kind is to be order, or facts are to say what happens to a booking"),
        ("attributes_type='OrderAttributes'", "attributes_type is that of the order's own card"),
    ],
)
def test_a_wrong_kind_names_its_field(module: Path, change: str, fault: str) -> None:
    """Before any event of it is taken."""
    module.write_text(
        f"""from typing import Any
from msgspec import Struct
from msgspec.structs import replace
from events.fact import Fact, PersonName
from projections.steps import Step
from {OWN} import CARD as OURS

class Bare(Struct):
    name: str = ""

class Required(Struct, frozen=True):
    name: PersonName

class Deep(Struct, frozen=True):
    names: dict[str, PersonName] = {{}}

class Odd(Fact, frozen=True, kw_only=True):
    TYPE = "booking.odd"
    expected_at: int = 0
    name: PersonName
    other: PersonName | None
    last: PersonName = "unknown"
    guests: tuple[Required, ...] = ()

CARD = replace(OURS, {change})
"""
    )
    assert any(line.startswith(f"{module.stem}.CARD.{fault}") for line in refused(module.stem))


def test_cards_of_several_kinds_stand_side_by_side(cards: Registry) -> None:
    """Each with its events."""
    install_cards([BRIEF, OWN, "app.demo.upload_card"])

    assert {each.kind: each.attributes_type for each in cards.cards} == {
        "order": "BriefAttributes",
        "booking": "BookingAttributes",
        "upload": "UploadAttributes",
    }
    assert cards.own_kind("upload").opening == "upload.started"
