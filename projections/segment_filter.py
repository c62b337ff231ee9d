"""The filter of a segment: which phones it takes. A small language, read here, and what it means of one phone.

    filter = both { "or" both }
    both   = one { "and" one }
    one    = "not" one | "(" filter ")" | test
    test   = field ("=" | "!=") value | field ["not"] "in" "(" value { "," value } ")" | "ios" (">=" | "<") value

Fields: `tag` (of the phone or of its customer), `app`, `environment`, `locale`, `ios`, `customer`, `device`. A value is
a word or stands in double quotes. `locale = de` takes `de-AT` too, and `ios = 18` takes 18.2.
"""

import re
from collections.abc import Iterator
from enum import StrEnum, auto
from typing import Final, assert_never

import msgspec

from projections.errors import FilterError

LONGEST: Final = 2_000
"""Characters of a filter."""
DEEPEST: Final = 20
LONGEST_VALUE: Final = 155

_TOKEN = re.compile(r'\s*(?:(?P<quoted>"[^"]*")|(?P<mark>!=|>=|[=<(),])|(?P<word>[^\s"=!<>(),]+))')
_VERSION = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){0,2}").fullmatch
_LOCALE = re.compile(r"[A-Za-z0-9_-]+").fullmatch
_LETTERS: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ_", "abcdefghijklmnopqrstuvwxyz-")
_WORDS: Final = frozenset({"and", "or", "not", "in"})


class Field(StrEnum):
    """What may be asked of a phone."""

    TAG = auto()
    APP = auto()
    ENVIRONMENT = auto()
    LOCALE = auto()
    IOS = auto()
    CUSTOMER = auto()
    DEVICE = auto()


_FIELDS: Final = frozenset(each.value for each in Field)


class Is(msgspec.Struct, frozen=True):
    """A field has one of these values; of a locale they are its beginning, in small letters."""

    field: Field
    values: tuple[str, ...]


class IosIs(msgspec.Struct, frozen=True):
    """The version of iOS begins with these numbers."""

    version: tuple[int, ...]


class IosFrom(msgspec.Struct, frozen=True):
    """The version of iOS is this, or a later one."""

    version: tuple[int, ...]


class Not(msgspec.Struct, frozen=True):
    """The other does not hold."""

    part: "Filter"


class All(msgspec.Struct, frozen=True):
    """Every part holds."""

    parts: "tuple[Filter, ...]"


class Either(msgspec.Struct, frozen=True):
    """One of the parts holds."""

    parts: "tuple[Filter, ...]"


Filter = Is | IosIs | IosFrom | Not | All | Either


class Subscriber(msgspec.Struct, frozen=True):
    """What a filter may ask of a phone.

    Attributes:
        ios_version: Up to three numbers with points; None: it has Android, which no version of iOS is.
        tags: Of the phone.
        customer_tags: Of whoever is signed in on it.
    """

    device_id: str
    app: str
    environment: str
    ios_version: str | None
    customer_id: str | None = None
    locale: str | None = None
    tags: frozenset[str] = frozenset()
    customer_tags: frozenset[str] = frozenset()


def takes(condition: Filter, phone: Subscriber) -> bool:
    """Tell whether a filter takes a phone."""
    match condition:
        case Not():
            return not takes(condition.part, phone)
        case All():
            return all(takes(each, phone) for each in condition.parts)
        case Either():
            return any(takes(each, phone) for each in condition.parts)
        case IosIs(version):
            return phone.ios_version is not None and whole_version(phone.ios_version)[: len(version)] == version
        case IosFrom(version):
            wanted = whole_version(".".join(map(str, version)))
            return phone.ios_version is not None and whole_version(phone.ios_version) >= wanted
        case Is(field, values):
            return _has(field, values, phone)
        case _:
            assert_never(condition)


def whole_version(text: str) -> tuple[int, ...]:
    """Give the three numbers of a version; those that are left out are 0."""
    return tuple(int(each) for each in f"{text}.0.0".split(".")[:3])


def parse_filter(text: str) -> Filter:
    """Read a filter.

    Raises:
        FilterError: It is none; the error says where, and what would be right there.
    """
    if len(text) > LONGEST:
        raise FilterError(LONGEST, f"a filter has at most {LONGEST} characters")
    reader = _Reader(text)
    read = reader.either(0)
    reader.end()
    return read


def _has(field: Field, values: tuple[str, ...], phone: Subscriber) -> bool:
    match field:
        case Field.TAG:
            return not phone.tags.isdisjoint(values) or not phone.customer_tags.isdisjoint(values)
        case Field.APP:
            return phone.app in values
        case Field.ENVIRONMENT:
            return phone.environment in values
        case Field.CUSTOMER:
            return phone.customer_id in values
        case Field.DEVICE:
            return phone.device_id in values
        case Field.LOCALE:
            locale = None if phone.locale is None else phone.locale.translate(_LETTERS)
            return locale is not None and any(locale == each or locale.startswith(f"{each}-") for each in values)
        case Field.IOS:
            raise AssertionError("versions are tests of their own")
        case _:
            assert_never(field)


class _Token(msgspec.Struct, frozen=True):
    """A word, a mark or a text in quotes; the end has no text."""

    text: str
    at: int
    quoted: bool = False

    def says(self, *words: str) -> bool:
        return not self.quoted and self.text.lower() in words


class _Reader:
    """Reads a filter from the left, one token ahead."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._next = next(self._tokens)

    def either(self, depth: int) -> Filter:
        parts = [self._both(depth)]
        while self._next.says("or"):
            self._step()
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def end(self) -> None:
        if self._next.text or self._next.quoted:
            raise self._fault('expected "and", "or" or the end')

    def _both(self, depth: int) -> Filter:
        parts = [self._one(depth)]
        while self._next.says("and"):
            self._step()
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _one(self, depth: int) -> Filter:
        if depth > DEEPEST:
            raise self._fault(f"nested deeper than {DEEPEST}")
        if self._next.says("not"):
            self._step()
            return Not(self._one(depth + 1))
        if self._next.says("("):
            self._step()
            inner = self.either(depth + 1)
            self._take(")")
            return inner
        return self._test()

    def _test(self) -> Filter:
        name = self._next
        if name.quoted or name.text.lower() not in _FIELDS:
            raise self._fault(f'expected a field ({", ".join(Field)}), "not" or "("')
        field = Field(name.text.lower())
        self._step()
        if field is Field.IOS and self._next.says(">=", "<"):
            from_ = self._step().text == ">="
            found: Filter = IosFrom(self._version())
            # a phone without iOS has no version of it below another
            return found if from_ else All((IosFrom((0,)), Not(found)))
        if self._next.says("=", "!="):
            wanted = self._step().text == "="
            found = _is(field, [self._value(field)])
            return found if wanted else Not(found)
        wanted = not self._next.says("not")
        if not wanted:
            self._step()
        if not self._next.says("in"):
            also = '">=", "<", ' if field is Field.IOS and wanted else ""
            raise self._fault(f'expected {also}"=", "!=", "in" or "not in"' if wanted else 'expected "in"')
        self._step()
        self._take("(")
        values = [self._value(field)]
        while self._next.says(","):
            self._step()
            values.append(self._value(field))
        self._take(")")
        found = _is(field, values)
        return found if wanted else Not(found)

    def _value(self, field: Field) -> str:
        if field is Field.IOS:
            return ".".join(map(str, self._version()))
        token = self._next
        if not token.quoted and (not token.text or token.says("(", ")", ",", "=", "!=", "<", ">=", *_WORDS)):
            raise self._fault("expected a value: a word, or any text in double quotes")
        if not 0 < len(token.text) <= LONGEST_VALUE:
            raise self._fault(f"a value has 1 to {LONGEST_VALUE} characters")
        if field is Field.LOCALE:
            if not _LOCALE(token.text):
                raise self._fault("expected a locale, as de or de-AT")
            return self._step().text.translate(_LETTERS)
        if field is Field.ENVIRONMENT and token.text not in ("sandbox", "production", "fcm"):
            raise self._fault("expected sandbox, production or fcm")
        return self._step().text

    def _version(self) -> tuple[int, ...]:
        if not _VERSION(self._next.text):
            raise self._fault("expected a version of iOS, as 17.2")
        return tuple(map(int, self._step().text.split(".")))

    def _take(self, mark: str) -> None:
        if not self._next.says(mark):
            raise self._fault(f'expected "{mark}"')
        self._step()

    def _step(self) -> _Token:
        taken, self._next = self._next, next(self._tokens)
        return taken

    def _fault(self, expected: str) -> FilterError:
        return FilterError(self._next.at, expected)


def _is(field: Field, values: list[str]) -> Filter:
    if field is not Field.IOS:
        return Is(field, tuple(values))
    versions: list[Filter] = [IosIs(tuple(map(int, each.split(".")))) for each in values]
    return versions[0] if len(versions) == 1 else Either(tuple(versions))


def _tokens(text: str) -> Iterator[_Token]:
    """Give the tokens, and then the end for ever."""
    place, end = 0, len(text.rstrip())
    while place < end:
        found = _TOKEN.match(text, place)
        if found is None:
            at = place + len(text[place:]) - len(text[place:].lstrip())
            raise FilterError(at, "the quote has no end" if text[at] == '"' else "this character stands in no filter")
        place = found.end()
        kind = found.lastgroup or ""
        if kind == "quoted":
            yield _Token(found["quoted"][1:-1], found.start(kind), quoted=True)
        else:
            yield _Token(found[kind], found.start(kind))
    while True:
        yield _Token("", end)
