"""What the Swift files of `docs/ios` declare, read without a compiler."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import tree_sitter_swift
from tree_sitter import Language, Node, Parser

REPOSITORY: Final = Path(__file__).resolve().parents[2]
PACKAGE: Final = REPOSITORY / "docs/ios"
FILES: Final = sorted(path for path in PACKAGE.rglob("*.swift") if ".build" not in path.parts)
SOURCES: Final = [path for path in FILES if path.is_relative_to(PACKAGE / "Sources")]

_parser: Final = Parser(Language(tree_sitter_swift.language()))
_interpolation: Final = re.compile(r"\\\((?:[^()]|\([^()]*\))*\)")


class Kind(NamedTuple):
    """The type of a stored property.

    Attributes:
        name: As it is written, without the question mark: `[String: String]`.
        optional: Whether it may be absent.
    """

    name: str
    optional: bool


class Call(NamedTuple):
    """A call that the client makes: the path's ids are `{}`."""

    method: str
    path: str


def name_of(path: Path) -> str:
    """Give a file's name from the root of the repository."""
    return path.relative_to(REPOSITORY).as_posix()


def faults(text: str) -> list[str]:
    """Name the lines that do not parse."""
    return [
        f"line {node.start_point.row + 1}: {_text(node)[:60]!r}"
        for node in _walk(_parser.parse(text.encode()).root_node)
        if node.is_error or node.is_missing
    ]


def structs() -> dict[str, dict[str, Kind]]:
    """Give the stored properties of each struct of the package; a nested one has its bare name."""
    return {
        name: {field: kind for member in body.named_children for field, kind in _stored(member)}
        for name, kind_of, body in _types()
        if kind_of == "struct"
    }


def enums() -> dict[str, set[str]]:
    """Give the raw values of each enum of strings."""
    return {
        name: {value for entry in body.named_children for value in _raw_values(entry)}
        for name, kind_of, body in _types()
        if kind_of == "enum"
    }


def calls() -> set[Call]:
    """Give the calls that the package makes: each function with a path of the API states one method."""
    found = set()
    for path in SOURCES:
        for node in _walk(_parser.parse(path.read_bytes()).root_node):
            text = _text(node)
            if node.type == "function_declaration" and '"/v1/' in text:
                [stated] = re.findall(r'"(/v1/[^"]*)"', text)
                [method] = re.findall(r"method: \.(\w+)", text)
                found.add(Call(method.upper(), _interpolation.sub("{}", stated)))
    return found


def _types() -> Iterator[tuple[str, str, Node]]:
    for path in SOURCES:
        for node in _walk(_parser.parse(path.read_bytes()).root_node):
            kind, name, body = (node.child_by_field_name(each) for each in ("declaration_kind", "name", "body"))
            if node.type == "class_declaration" and kind is not None and name is not None and body is not None:
                yield _text(name), _text(kind), body


def _stored(member: Node) -> Iterator[tuple[str, Kind]]:
    name, computed = member.child_by_field_name("name"), member.child_by_field_name("computed_value")
    if member.type != "property_declaration" or name is None or computed is not None or "static " in _text(member):
        return
    for annotation in member.named_children:
        if annotation.type == "type_annotation":
            written = _text(annotation).removeprefix(":").strip()
            yield _text(name), Kind(written.removesuffix("?"), written.endswith("?"))


def _raw_values(entry: Node) -> Iterator[str]:
    if entry.type == "enum_entry":
        raw = entry.child_by_field_name("raw_value")
        for name in entry.children_by_field_name("name"):
            yield _text(name) if raw is None else _text(raw).strip('"')


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _walk(child)


def _text(node: Node) -> str:
    return (node.text or b"").decode()
