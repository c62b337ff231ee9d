"""CloudEvents in HTTP's binary mode: attributes in `ce-` headers, the data alone in the body.

Rules: the media type is the attribute `datacontenttype`; every other attribute stands in a header of its own, whose
value is what remains after quotes are taken off and percent-encoded bytes are decoded as UTF-8. All values are texts.
A media type of `application/cloudevents…` means another mode, whatever the headers say.

Source:
    CNCF, "HTTP Protocol Binding for CloudEvents" 1.0.2, sections 3.1 and 3.1.3.2.
"""

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from multidict import CIMultiDictProxy

from events.errors import Fault

PREFIX: Final = "ce-"

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ELSEWHERE: Final = {"datacontenttype": "Content-Type", "data": "the body"}


def is_binary(headers: CIMultiDictProxy[str]) -> bool:
    """Tell whether a request is in binary mode, as far as its headers say."""
    return any(name.lower().startswith(PREFIX) for name in headers)


def attributes_in(headers: CIMultiDictProxy[str]) -> tuple[dict[str, Any], list[Fault]]:
    """Read the attributes of an event in binary mode; pointers of faults are those of a CloudEvent."""
    attributes: dict[str, Any] = {}
    faults: list[Fault] = []
    for name, value in _given(headers):
        if name in _ELSEWHERE:
            faults.append(Fault(f"/{name}", f"stands in {_ELSEWHERE[name]}, and in no header of its own"))
        elif name in attributes:
            faults.append(Fault(f"/{name}", "is given by two headers"))
        else:
            try:
                attributes[name] = _decoded(value)
            except UnicodeDecodeError:
                faults.append(Fault(f"/{name}", "is no UTF-8 after its percent-encoding"))
    version = attributes.get("schemaversion")
    if isinstance(version, str) and version.isascii() and version.isdigit() and len(version) < 10:
        attributes["schemaversion"] = int(version)
    return attributes, faults


def _given(headers: CIMultiDictProxy[str]) -> Iterator[tuple[str, str]]:
    for name, value in headers.items():
        low = name.lower()
        if low.startswith(PREFIX):
            yield low.removeprefix(PREFIX), value.strip()


def _decoded(value: str) -> str:
    """Take quotes off, and decode what is percent-encoded; a percent sign that encodes nothing stands for itself."""
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = _ESCAPED.sub(r"\1", value[1:-1])
    raw = value.encode("utf-8", "surrogateescape")
    return unquote_to_bytes(raw).decode()
