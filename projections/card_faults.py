"""Every reason why a definition of a card cannot be used, each with its field and what it is to be."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, get_args

import msgspec
from msgspec import Struct

from events.activity import ACTIVITY
from events.fact import Fact
from events.personal import personal_fields, unerasable, unsealable
from events.vocabulary import holds_moment
from projections.alert_text import faults_of
from projections.card_refusals import read_card
from projections.channel import Carrier, Storage
from projections.content_state import ATTRIBUTES_TYPE as ORDER_ATTRIBUTES
from projections.definition import CUSTOMER, ORDER, CardDefinition
from projections.errors import CardTypesError
from projections.layout_faults import faults_of_layout
from projections.steps import STEPS, Step

_is_swift_name = re.compile(r"[A-Za-z_][A-Za-z0-9_]*").fullmatch
_is_kind = re.compile(r"[a-z][a-z0-9_]{0,31}").fullmatch
_is_name = re.compile(r"[a-z][a-z0-9_]{0,63}").fullmatch
_MARKED: Final = "mark a whole field, or one of the objects in a tuple"
_OURS: Final = (ORDER, CUSTOMER, ACTIVITY)
_TIMES: Final = ("show_at", "expected_at")


def faults_of_card(card: CardDefinition) -> list[str]:
    """Name everything that keeps a definition from being used; nothing if it can be."""
    if faults := list(_of_types(card)):
        return faults
    if not card.facts:
        return [*_of_look(card), *_of_a_look_alone(card)]
    more = list(_of_kind(card)) or [*_of_facts(card), *_of_steps(card), *_of_state(card)]
    return [*_of_look(card), *more]


def _of_types(card: Any) -> Iterator[str]:
    for name, wanted, called in (
        ("kind", str, "a word"),
        ("version", int, "a number"),
        ("attributes_type", str, "the name of a Swift struct"),
        ("facts", tuple, "a tuple of classes"),
        ("gathers", tuple, "a tuple of kinds"),
        ("images", tuple, "a tuple of fields"),
        ("steps", Mapping, "a Step by the type of an event"),
        ("old_shapes", Mapping, "(type, version) → (class, function)"),
    ):
        if not isinstance(getattr(card, name), wanted):
            yield f"{name} is to be {called}"
    for name in ("attributes", "content_state"):
        if not _is_a(getattr(card, name), Struct):
            yield f"{name} is to be a class that derives from msgspec.Struct"
    for name in ("render", "render_attributes"):
        if not callable(getattr(card, name)):
            yield f"{name} is to be a function"
    if not isinstance(card.breaks, Mapping) or not all(
        isinstance(e, str) for pair in card.breaks.items() for e in pair
    ):
        yield "breaks is to give a reason by the field of a schema"
    yield from _of_carrier(card)
    if not isinstance(card.placeholder, str | None):
        yield "placeholder is to be the name of a picture in the app, or None"
    if not isinstance(card.content_limit_bytes, int | None):
        yield "content_limit_bytes is to be a number, or None"
    yield from _of_alerts(card)


def _of_carrier(card: Any) -> Iterator[str]:
    for name, allowed in (("carrier", (None, *get_args(Carrier))), ("channel_storage", get_args(Storage))):
        if getattr(card, name) not in allowed:
            words = ", ".join("None" if each is None else each for each in allowed)
            yield f"{name} is to be one of {words}"


def _of_alerts(card: Any) -> Iterator[str]:
    if not isinstance(card.alerts, Mapping):
        yield "alerts is to give a text, or an EventAlert, by the type of an event"
        return
    said = {f"alerts[{type_!r}]": alert for type_, alert in card.alerts.items()}
    for name, alert in (said | {"otherwise": card.otherwise, "title": card.title}).items():
        for fault in faults_of(alert):
            yield f"{name} {fault}"


def _of_look(card: CardDefinition) -> Iterator[str]:
    if not _is_swift_name(card.attributes_type):
        yield "attributes_type is to be the bare name of a Swift struct, such as BookingAttributes"
    if card.kind != ORDER and card.attributes_type == ORDER_ATTRIBUTES:
        yield "attributes_type is that of the order's own card"
    known = {each.encode_name for each in msgspec.structs.fields(card.content_state)}
    for path in card.images:
        if not isinstance(path, str) or path.partition(".")[0] not in known:
            yield f"images names {path!r}, and content_state has {', '.join(sorted(known))}"
    if card.gathers and card.kind != CUSTOMER:
        yield f"gathers is for cards of the kind {CUSTOMER}"
    if card.gathers and card.carrier not in (None, "token"):
        yield "carrier is to be left out: a customer's card goes to that customer's phones alone"
    for name, why in (
        ("card_id", "the app reports its card by it"),
        ("subject" if card.kind == CUSTOMER else f"{card.kind}_id", "it tells what the card is of"),
    ):
        if name not in card.attributes.__struct_fields__:
            yield f"attributes is to have a field {name}: {why}"
    if card.layout is not None:
        yield from _of_layout(card)


def _of_layout(card: CardDefinition) -> Iterator[str]:
    try:
        yield from faults_of_layout(card.layout, read_card(card).card)
    except CardTypesError as error:
        yield str(error)


def _of_a_look_alone(card: CardDefinition) -> Iterator[str]:
    """A card without events of its own is another look of orders, or of all orders of a customer."""
    if card.kind == CUSTOMER:
        if not card.gathers:
            yield "gathers is to name the kinds whose subjects a customer's card shows together, such as order"
    elif card.kind != ORDER:
        yield f"kind is to be {ORDER}, or facts are to say what happens to a {card.kind}"
    for name in ("steps", "old_shapes", "state", "evolve"):
        given = getattr(card, name)
        if given and given is not STEPS:
            yield f"{name} is for events of one's own, of which facts has none"


def _of_kind(card: Any) -> Iterator[str]:
    if not _is_kind(card.kind) or card.kind in _OURS:
        yield f"kind is to be a word of its own in lower case, such as booking, and not {', '.join(_OURS)}"
    if card.version < 1:
        yield "version is to be 1 or more"
    for fact in card.facts:
        if not _is_a(fact, Fact):
            yield f"facts has {_name(fact)}, which is to derive from events.fact.Fact"
    if not _is_a(card.state, Struct) or not card.state.__struct_config__.frozen:
        yield "state is to be a class that derives from msgspec.Struct, with frozen=True"
    if not callable(card.evolve):
        yield "evolve is to be a function"
    if not all(map(_is_old_shape, card.old_shapes.items())):
        yield "old_shapes is to be (type, version) → (class, function)"
    for name, step in card.steps.items():
        if not isinstance(step, Step):
            yield f"steps[{name!r}] is to be a Step"


def _of_facts(card: CardDefinition) -> Iterator[str]:
    for fact in card.facts:
        type_ = getattr(fact, "TYPE", None)
        kind, _, name = str(type_).partition(".")
        if kind != card.kind or not _is_name(name) or name == "erased":
            yield f"{fact.__name__}.TYPE is to be {card.kind}.… in lower case, and not {card.kind}.erased"
        yield from _of_fact(fact)
    types = [getattr(fact, "TYPE", None) for fact in card.facts]
    yield from (f"facts has {type_} twice" for type_ in {each for each in types if types.count(each) > 1})
    opening = [fact for fact in card.facts if "customer_id" in fact.__struct_fields__]
    if len(opening) != 1:
        yield f"one of facts is to have a field customer_id, which opens a {card.kind}; {len(opening)} have it"
    else:
        yield from _of_opening(opening[0], card)
    yield from (f"alerts has {each}, of which there is no fact" for each in card.alerts if each not in types)
    for old, version in card.old_shapes:
        if old not in types or version < 1 or (version > 1 and (old, version - 1) not in card.old_shapes):
            yield f"old_shapes has version {version} of {old}, which is to be one of facts, in versions from 1 up"


def _of_opening(opening: type[Fact], card: CardDefinition) -> Iterator[str]:
    """See that whose a subject is can be told from the log alone, as an erasure does."""
    old = [shape for (type_, _), (shape, _) in card.old_shapes.items() if type_ == opening.TYPE]
    for fact in (opening, *old):
        if "customerId" not in fact.__struct_encode_fields__ or "customer_id" not in _required(fact):
            yield f"{fact.__name__}.customer_id is to be required, and customerId in JSON"


def _of_fact(fact: type[Fact]) -> Iterator[str]:
    personal = personal_fields(fact)
    for place in unsealable(fact):
        yield f"{fact.__name__}.{place} cannot be sealed where its mark is: {_MARKED}"
    for name in unerasable(fact):
        yield f"{fact.__name__}.{name} is personal: type it … | None, because None says that it was erased"
    for field in msgspec.structs.fields(fact):
        if field.name in _TIMES and not holds_moment(field.type):
            yield f"{fact.__name__}.{field.name} is to be a Moment"
        if field.name in (*_TIMES, "customer_id") and field.encode_name in personal.own:
            yield f"{fact.__name__}.{field.name} is not to be personal"


def _of_steps(card: CardDefinition) -> Iterator[str]:
    types = {getattr(fact, "TYPE", None) for fact in card.facts}
    missing, unknown = types - set(card.steps), set(card.steps) - types
    yield from (f"steps lacks {each}; a Step() does nothing but evolve" for each in sorted(map(str, missing)))
    yield from (f"steps has {each}, of which there is no fact" for each in sorted(map(str, unknown)))
    for name, step in card.steps.items():
        if step.terminal and (step.status is None or step.when_over):
            yield f"steps[{name!r}] is terminal: it is to have a status, and not when_over"
        if not 0 <= step.progress_percent <= 100:
            yield f"steps[{name!r}].progress_percent is to be 0 to 100"
        if not 0 <= step.rank <= 3:
            yield f"steps[{name!r}].rank is to be 0 to 3"


def _of_state(card: CardDefinition) -> Iterator[str]:
    if card.state is None:
        return
    required = _required(card.state)
    yield from (f"state.{each} is to have a default: a {card.kind} begins with it" for each in required)
    for place in unsealable(card.state):
        yield f"state.{place} cannot be sealed where its mark is: {_MARKED}"


def _is_old_shape(entry: Any) -> bool:
    match entry:
        case ((str(), int()), (fact, upcast)):
            return _is_a(fact, Fact) and callable(upcast)
        case _:
            return False


def _required(shape: type[Struct]) -> Collection[str]:
    return [field.name for field in msgspec.structs.fields(shape) if field.required]


def _is_a(value: Any, base: type) -> bool:
    return isinstance(value, type) and issubclass(value, base)


def _name(value: Any) -> str:
    return getattr(value, "__name__", type(value).__name__)
