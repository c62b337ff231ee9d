"""A person at a terminal, who types what a document says."""

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template
from typing import Any, Final, NamedTuple

import aiohttp

from tests.documents import ASSIGNMENT, Command
from tests.integration.command_line import lockstep

_FILES: Final = re.compile(r"[\w./-]+\.(?:json|jsonl|jsonl\.gz|swift|key)")
_ASKS: Final = "Say --yes"


class RefusedError(AssertionError):
    """What a command says that does nothing."""


class Terminal:
    """Where commands are typed, each to be done without an error.

    Args:
        session: sends the requests.
        addresses: where the hosts and ports of the documents are in this test.
        variables: of the shell.
        settings: what `lockstep` is given beside its arguments: the database, and variables of its own.
        folder: where the files are.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        addresses: Mapping[str, str],
        variables: Mapping[str, str],
        settings: Mapping[str, Any],
        folder: Path,
    ) -> None:
        self._session, self._addresses = session, addresses
        self.variables = {"PATH": "/usr/bin", **variables}
        self._settings, self._folder = settings, folder

    async def type(self, command: Command, *, no: str | None = None) -> str:
        """Do what a command says; give what it prints, in which is every field that its document prints.

        Args:
            command: as it stands in the document.
            no: what it says instead of doing it, where there is nothing to do.
        """
        try:
            said = await self._run(command.text)
        except RefusedError as refusal:
            if no is None or no not in str(refusal):
                raise
            return ""
        assert no is None, f"{command.text} was to say {no}, and said {said}"
        missing = fields_of(command.answer) - fields_of(said)
        assert not missing, f"{command.text} prints no {', '.join(sorted(missing))}: {said}"
        return said

    async def _run(self, line: str) -> str:
        line, _, target = line.partition(" > ")
        if assigned := ASSIGNMENT.fullmatch(line):
            self.variables[assigned[1]] = (await self._run(assigned[2])).strip()
            return ""
        words = shlex.split(_filled(line, self.variables), comments=True)
        while re.fullmatch(r"export|\w+=.*", words[0]):
            name, _, value = words.pop(0).partition("=")
            self.variables |= {name: value} if value else {}
            if not words:
                return ""
        said = await self._program(words)
        if target:
            (self._folder / target).write_text(said, encoding="utf-8")
        return said

    async def _program(self, words: list[str]) -> str:
        match words:
            case ["curl", *rest] if "|" in rest:
                said = await self._call(_read(rest[: rest.index("|")]))
                assert rest[rest.index("|") :] == ["|", "python3", "-m", "json.tool"]
                return json.dumps(json.loads(said))
            case ["curl", *rest]:
                return await self._call(_read(rest))
            case ["docker", "compose", "exec", "-T", "lockstep", *rest] | [
                "docker",
                "compose",
                "exec",
                "lockstep",
                *rest,
            ]:
                return await self._program(rest)
            case ["lockstep", *rest]:
                return await self._lockstep(rest)
            case [".", file]:
                for line in (self._folder / file).read_text(encoding="utf-8").splitlines():
                    await self._run(line)
                return ""
            case _:
                raise ValueError(f"nobody here can type {shlex.join(words)}")

    async def _lockstep(self, words: Iterable[str]) -> str:
        named = [str(self._folder / each) if _FILES.fullmatch(each) else each for each in words]
        exported = {name: value for name, value in self.variables.items() if name.startswith("LOCKSTEP_")}
        settings = {**self._settings, **exported}
        done = await lockstep(*named, **settings)
        if _ASKS in done.err:  # at a terminal it asks; whoever reads on means it
            done = await lockstep(*named, "--yes", **settings)
        if done.code:
            raise RefusedError(f"lockstep {shlex.join(named)}: {done.code}\n{done.out}\n{done.err}")
        return done.out

    async def _call(self, call: "_Call") -> str:
        url = call.url
        for documented, here in self._addresses.items():
            url = url.replace(documented, here)
        async with self._session.request(call.method, url, data=call.body, headers=call.headers) as answer:
            said = (
                await answer.content.readany()  # a stream goes on; what it says first is enough
                if answer.content_type == "text/event-stream"
                else await answer.read()
            ).decode()
            if answer.status >= 300:
                raise RefusedError(f"{call.method} {url} {call.body or ''}: {answer.status}\n{said}")
            return said


def fields_of(said: str) -> set[str]:
    """Give the names of the fields of JSON, whole or as a document shortens it."""
    return set(re.findall(r'"(\w+)":', said))


class _Call(NamedTuple):
    method: str
    url: str
    headers: Mapping[str, str]
    body: str | None


def _filled(line: str, variables: Mapping[str, str]) -> str:
    """Fill in variables where a shell would: not within single quotes."""
    parts = re.split(r"('[^']*')", line)
    return "".join(each if each.startswith("'") else Template(each).substitute(variables) for each in parts)


def _read(words: Iterable[str]) -> _Call:
    method, url, headers, body = "", "", dict[str, str](), None
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
            case "-s" | "-N":
                pass
            case _:
                assert not word.startswith("-"), f"curl {word} is not known here"
                assert not url, f"{url} {word}"
                url = word
    # curl says so of a body, where nothing else is said
    if body is not None and "Content-Type" not in headers:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    return _Call(method or ("GET" if body is None else "POST"), url, headers, body)
