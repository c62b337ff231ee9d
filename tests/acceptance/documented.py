"""Runs what a document tells its reader to type, and compares the answers that it prints."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template
from typing import Any, Final, NamedTuple

import aiohttp

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
_STEP: Final = re.compile(r"^```sh\n(?P<block>.*?)^```\n+(?P<answers>(?:^    [^\n]*\n)*)", re.MULTILINE | re.DOTALL)


class Call(NamedTuple):
    """A `curl` line, with the answer that stands below its block, if it is the last of it."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str | None
    answer: Any


def calls_in(document: str, **variables: str) -> Iterator[Call]:
    """Give the `curl` lines of a document in their order, with the variables of the shell filled in."""
    for found in _STEP.finditer((DOCS / document).read_text(encoding="utf-8")):
        lines = [each for each in found["block"].replace("\\\n", " ").split("\ncurl ") if each]
        calls = [each.removeprefix("curl ") for each in lines if each.startswith("curl ") or each is not lines[0]]
        for place, line in enumerate(calls):
            answer = json.loads(found["answers"]) if found["answers"] and place == len(calls) - 1 else None
            yield _read(shlex.split(_filled(line, variables)), answer)


async def make(session: aiohttp.ClientSession, call: Call, base_url: str) -> Any:
    """Make a call against a service, and give its answer."""
    url = call.url.replace("http://127.0.0.1:8080", base_url)
    async with session.request(call.method, url, data=call.body, headers=call.headers) as answer:
        assert answer.status < 300, await answer.text()
        return json.loads(await answer.text() or "null")


def _filled(line: str, variables: Mapping[str, str]) -> str:
    """Fill in variables where a shell would: not within single quotes."""
    parts = re.split(r"('[^']*')", line)
    return "".join(each if each.startswith("'") else Template(each).substitute(variables) for each in parts)


def _read(words: list[str], answer: Any) -> Call:
    method, url, headers, body = "GET", "", dict[str, str](), None
    rest = iter(words)
    for word in rest:
        match word:
            case "-H":
                name, _, value = next(rest).partition(": ")
                headers[name] = value
            case "-X":
                method = next(rest)
            case "-d":
                body = next(rest)
            case "-s":
                pass
            case _:
                url = word
    return Call("POST" if body is not None and method == "GET" else method, url, headers, body, answer)
