"""Which builds of an app could not decode a card, from the schema that was and the one that is.

Swift decodes the whole or nothing: a key that is missing and not optional, or a value of another type, and the card
stands still, while APNs says 200. Keys that are not declared are ignored, and words that are not known are kept, in
the form that `lockstep card swift` gives them. Both directions count: builds from before meet what is sent from now
on, and builds with the new structs meet the cards that are on phones, and a release that was taken back.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Final, NamedTuple

from projections.card_shape import CardShape, Choice, Flag, Number, Record, Refusal, Rows, Shape, Text, Whole

TYPE_FIELD: Final = "attributesType"


class Judgement(NamedTuple):
    """What became of the differences between two schemas.

    Attributes:
        refused: What some build could not decode, and nobody has declared.
        declared: What was declared, with the reason that was given for it.
        unneeded: The fields of declarations that nothing needs.
    """

    refused: list[Refusal]
    declared: list[Refusal]
    unneeded: list[str]


class _Difference(Enum):
    """Name why a value cannot be decoded, as builds from before meet it and as builds with the new structs do."""

    MISSING = ("is gone, and builds from before need it", "is new and has to be there")
    MAY_BE_ABSENT = ("may be absent now, and builds from before need it", "was optional and has to be there now")
    FRACTION = ("was a whole number and may be a fraction now", "was a number and is a whole one now")
    OTHER_TYPE = ("has another type", "has another type")


class _Finding(NamedTuple):
    path: str
    difference: _Difference
    detail: str = ""


_ON_PHONES: Final = (
    "; builds with the new structs cannot decode cards that are on phones, nor what is sent if this release is taken "
    "back. Let it be optional, with None as its default"
)


def judge(
    before: Mapping[str, CardShape], now: Sequence[CardShape], breaks: Mapping[str, Mapping[str, str]]
) -> Judgement:
    """Compare all cards.

    Args:
        before: Cards by their attributes types.
        now: The same cards today, and others.
        breaks: The reasons that were declared, by attributes type and field.
    """
    found = {card.attributes_type: list[Refusal]() for card in now}
    for card in now:
        if (old := before.get(card.attributes_type)) is not None:
            found[card.attributes_type] = list(breaking(old, card))
    for name in sorted(before.keys() - found.keys()):
        heir = _heir(name, [each for each in found if each not in before], breaks)
        renamed = "" if heir == name else f"; is it {heir} now? Every app has to be built anew"
        gone = Refusal(TYPE_FIELD, f"{name} is gone, and phones wait for it{renamed}")
        found.setdefault(heir, []).append(gone)
    judgement = Judgement([], [], [])
    for name, differences in found.items():
        reasons = breaks.get(name, {})
        for field, why in differences:
            if field in reasons:
                judgement.declared.append(Refusal(f"{name}.{field}", reasons[field]))
            else:
                judgement.refused.append(Refusal(f"{name}.{field}", why))
        needed = {each.field for each in differences}
        judgement.unneeded.extend(f"{name}.{field}" for field in reasons if field not in needed)
    return judgement


def _heir(name: str, new: Sequence[str], breaks: Mapping[str, Mapping[str, str]]) -> str:
    """Name the type that takes the place of one that is gone: the one that says so, or the only new one."""
    declaring = [each for each in new if TYPE_FIELD in breaks.get(each, {})]
    candidates = declaring or new
    return candidates[0] if len(candidates) == 1 else name


def breaking(before: CardShape, now: CardShape) -> Iterator[Refusal]:
    """Name every field that some build could not decode, once."""
    seen = set[str]()
    for (half, old), (_, new) in zip(before.halves(), now.halves(), strict=True):
        found = [
            *(Refusal(each.path, each.difference.value[0] + each.detail) for each in _undecodable(old, new, half)),
            *_changed_units(old, new, half),
            *(Refusal(each.path, each.difference.value[1] + _ON_PHONES) for each in _undecodable(new, old, half)),
        ]
        for each in found:
            if each.field not in seen:
                seen.add(each.field)
                yield each


def _undecodable(reader: Shape, sent: Shape, path: str) -> Iterator[_Finding]:
    """Name what a build cannot decode.

    Args:
        reader: What the build declares.
        sent: What it meets.
        path: Of both.
    """
    match reader, sent:
        case Record(), Record():
            yield from _undecodable_fields(reader, sent, path)
        case Rows(), Rows():
            yield from _undecodable(reader.item, sent.item, f"{path}[]")
        case Whole(), Number():
            yield _Finding(path, _Difference.FRACTION)
        case (Text() | Choice(), Text() | Choice()) | (Whole(), Whole()) | (Number(), Number() | Whole()):
            pass
        case Flag(), Flag():
            pass
        case _:
            yield _Finding(path, _Difference.OTHER_TYPE, f": it was {_words(reader)} and is {_words(sent)}")


def _undecodable_fields(reader: Record, sent: Record, path: str) -> Iterator[_Finding]:
    there = {field.key: field for field in sent.fields}
    for field in reader.fields:
        place = f"{path}.{field.key}"
        if (met := there.get(field.key)) is not None:
            yield from _undecodable(field.shape, met.shape, place)
            if met.optional and not field.optional:
                yield _Finding(place, _Difference.MAY_BE_ABSENT)
        elif not field.optional:
            known = {each.key for each in reader.fields}
            alike = [
                each.key for each in sent.fields if each.key not in known and type(each.shape) is type(field.shape)
            ]
            renamed = f"; was it renamed to {alike[0]}? Send both for a while" if alike else ""
            yield _Finding(place, _Difference.MISSING, renamed)


def _changed_units(old: Shape, new: Shape, path: str) -> Iterator[Refusal]:
    match old, new:
        case Record(), Record():
            there = {field.key: field.shape for field in new.fields}
            for field in old.fields:
                if field.key in there:
                    yield from _changed_units(field.shape, there[field.key], f"{path}.{field.key}")
        case Rows(), Rows():
            yield from _changed_units(old.item, new.item, f"{path}[]")
        case (Whole() | Number(), Whole() | Number()) if old.unit and new.unit and old.unit != new.unit:
            yield Refusal(path, f"counted {old.unit} and counts {new.unit} now")


def _words(shape: Shape) -> str:
    match shape:
        case Text() | Choice():
            return "a text"
        case Whole():
            return "a whole number"
        case Number():
            return "a number"
        case Flag():
            return "true or false"
        case Rows():
            return "a list"
        case Record():
            return "an object"
