"""Say what the app's Swift structs declare, and decode JSON as Swift's Codable would.

A missing or null key that is not optional, or a value of another type, fails the whole decode; keys that are
not declared are ignored.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec


class Declaration(msgspec.Struct, frozen=True):
    """Declare the attributes and the content state of one attributes type.

    A field's kind is `str`, `int`, `number`, `bool`, `list` or `object`; with `?` behind it the field may be
    absent.

    Args:
        name: the bare Swift type name.
        attributes: kinds by key of the static data.
        content: kinds by key of the content state.
        rows: for content keys of kind `list`: what each element must hold.
        initial: the content an app shows that starts the card itself.
        subject: the key of the static data that holds the id of what the card is about.
    """

    name: str
    attributes: dict[str, str]
    content: dict[str, str]
    rows: dict[str, dict[str, str]] = {}
    initial: dict[str, Any] = {}
    subject: str = "orderId"

    def content_fault(self, content: Mapping[str, Any]) -> str | None:
        """Say why the content state does not decode, or `None` if it does."""
        fault = find_fault(content, self.content)
        if fault is not None:
            return fault
        for name, kinds in self.rows.items():
            for element in content.get(name) or ():
                fault = find_fault(element, kinds) if isinstance(element, Mapping) else "an element is no object"
                if fault is not None:
                    return f"{name}: {fault}"
        return None


def find_fault(values: Mapping[str, Any], kinds: Mapping[str, str]) -> str | None:
    """Say which key does not have the kind declared for it, or `None`."""
    for name, kind in kinds.items():
        value = values.get(name)
        if value is None:
            if not kind.endswith("?"):
                return f"{name} is missing"
        elif not _CHECKS[kind.rstrip("?")](value):
            return f"{name} is no {kind.rstrip('?')}"
    return None


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_CHECKS: Mapping[str, Callable[[object], bool]] = MappingProxyType(
    {
        "str": lambda value: isinstance(value, str),
        "int": _is_int,
        "number": _is_number,
        "bool": lambda value: isinstance(value, bool),
        "list": lambda value: isinstance(value, list),
        "object": lambda value: isinstance(value, dict),
    }
)

ORDER = Declaration(
    name="OrderAttributes",
    attributes={"cardId": "str", "orderId": "str", "orderNumber": "str?", "merchantName": "str?"},
    content={
        "status": "str",
        "progress": "number",
        "history": "list",
        "updatedAt": "int",
        "courierName": "str?",
        "deliveryTime": "int?",
        "imageKey": "str?",
        "note": "str?",
        "freshness": "str?",
    },
    rows={"history": {"step": "str", "at": "int"}},
    initial={"status": "placed", "progress": 0, "history": [], "updatedAt": 0},
)
