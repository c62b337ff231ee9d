"""Every command explains itself."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from app.access.api_key import Scope
from app.cli.main import cli


def commands(group: Any, *before: str) -> Iterator[str]:
    """List the commands of a group and of those within it."""
    for name, each in group.commands.items():
        if hasattr(each, "commands"):
            yield from commands(each, *before, name)
        else:
            yield " ".join((*before, name))


@pytest.mark.parametrize("command", [*commands(typer.main.get_command(cli))])
def test_help_shows_an_example(command: str) -> None:
    """The help of each command holds a line that can be typed."""
    result = CliRunner().invoke(cli, [*command.split(), "--help"])

    assert result.exit_code == 0
    assert f"Example: lockstep {command}" in " ".join(result.output.split())


def test_every_scope_is_named_to_whoever_makes_a_key() -> None:
    """Also to whoever named one that is none."""
    refused = CliRunner().invoke(cli, ["keys", "create", "--name", "a", "--scope", "nope"])

    assert refused.exit_code == 2
    assert [each for each in Scope if each not in refused.output] == []


@pytest.mark.parametrize(
    "arguments",
    [
        "pause --reason x",
        "pause all --app shop --reason x",
        "pause some --reason x",
        "pause all",
        "order show",
        "demo --once --fault gremlins",
        "replay verify --until soon",
        "replay rebuild --workers 0",
        "nothing",
    ],
)
def test_a_wrong_call_could_not_run(arguments: str) -> None:
    """Arguments that make no sense end with 2, like everything else that could not run."""
    assert CliRunner().invoke(cli, arguments.split()).exit_code == 2
