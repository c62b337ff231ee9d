"""The documents: what they quote exists, what they link to is there, and none of them is long."""

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from app.cli.main import cli
from app.http.routes import ROUTES
from app.metrics.page import MetricsPage
from app.settings import Settings
from app.settings_fields import SettingsFields
from app.settings_sources import PREFIX
from app.thresholds import thresholds
from events.postgres.pool import Pool
from projections.definition import CardDefinition
from projections.steps import Step
from tests.documents import ASSIGNMENT, DOCUMENTS, REPOSITORY, commands_in, name_of

DECISIONS: Final = sorted((REPOSITORY / "docs/adr").glob("*.md"))
MOST_LINES: Final = {"README.md": 120}
MOST_LINES_OF_A_DECISION: Final = 40
PARTS_OF_A_DECISION: Final = ["Context", "Decision", "Consequences"]
COMPOSE_VERBS: Final = frozenset({"up", "down", "ps", "logs", "exec", "run", "build", "config"})
DOCKER_VERBS: Final = frozenset({"build", "run", "compose"})
OPENING, CLOSING = "<!-- settings: written from app/settings_fields.py; a test compares -->", "<!-- /settings -->"

CARDS: Final = (REPOSITORY / "docs/cards.md").read_text(encoding="utf-8")
WEB: Final = (REPOSITORY / "docs/web.md").read_text(encoding="utf-8")
EXAMPLES: Final = ("tests/cards/order_in_brief.py", "app/demo/upload_card.py", "tests/cards/booking.py")

COMMAND: Final = get_command(cli)
TARGETS: Final = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
SERVICES: Final = set(
    re.findall(
        r"^  ([a-z-]+):$",
        re.split(r"^services:$|^volumes:$", (REPOSITORY / "docker-compose.yml").read_text(), flags=re.MULTILINE)[1],
        re.MULTILINE,
    )
)


def quoted(text: str) -> Iterator[str]:
    """Give the commands of a document, without the variables before them, a command in `$(…)` by itself."""
    for command in commands_in(text):
        inner = ASSIGNMENT.fullmatch(command.text)
        yield inner[2] if inner else re.sub(r"^(?:[A-Z_]+=\S+ )+", "", command.text)


def settings_table() -> str:
    """Write the table of settings."""
    rows = ["| variable | default | |", "|---|---|---|"]
    ours = {name: field for name, field in Settings.model_fields.items() if name in SettingsFields.__annotations__}
    for name, field in ours.items():
        default = ",".join(field.default) if isinstance(field.default, tuple) else field.default
        rows.append(f"| `{PREFIX}{name.upper()}` | {'' if default is None else f'`{default}`'} | {field.description} |")
    return "\n".join(rows)


def metrics_table(page: MetricsPage) -> str:
    """Write the table of our own metrics, by the names that a query uses."""
    rows = [
        f"| `{each.name}{'_total' if each.type == 'counter' else ''}` | {each.type} | {each.documentation} |"
        for each in page.collect()
        if each.name.startswith("lockstep_")
    ]
    return "\n".join(["| metric | | |", "|---|---|---|", *sorted(rows)])


def thresholds_table() -> str:
    """Write the table of thresholds."""
    rows = (
        f"| `{PREFIX}{each.name.upper()}` | {each.default:g} | {each.fast:g} | {each.meaning} |"
        for each in thresholds()
    )
    return "\n".join(["| variable | default | fast | |", "|---|--:|--:|---|", *rows])


COMMANDS: Final = [
    pytest.param(line, id=f"{name_of(path)}: {line}")
    for path in DOCUMENTS
    for line in quoted(path.read_text(encoding="utf-8"))
    if re.match(r"make |make$|(\.venv/bin/)?lockstep |docker ", line)
]


@pytest.mark.parametrize("line", COMMANDS)
def test_a_quoted_command_is_known(line: str) -> None:
    """The target, the subcommand with its options, or the service exists."""
    program, *words = shlex.split(line.partition(" > ")[0])
    match program.rpartition("/")[2]:
        case "make":
            assert words[0] in TARGETS
        case "lockstep":
            _assert_known_to_lockstep(words)
        case _:
            _assert_known_to_docker(words)


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_a_link_leads_to_a_file(path: Path) -> None:
    """What a document links to is in the repository, the heading too."""
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, heading = target.partition("#")
        found = (path.parent / file).resolve() if file else path
        assert found.exists(), f"{name_of(path)} links to {target}"
        assert not heading or heading in _headings(found), f"{name_of(path)} links to {target}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_a_quoted_path_is_a_route(path: Path) -> None:
    """Whatever a document asks of the API by curl has a handler."""
    patterns = [(each.method, re.compile(re.sub(r"\{\w+\}", "[^/]+", each.path))) for each in ROUTES]
    for line in quoted(path.read_text(encoding="utf-8")):
        for asked in re.findall(r":8080(/[^\s\"'?]*)", line) if line.startswith("curl ") else ():
            stated = re.search(r"-X ([A-Z]+)", line)
            method = stated[1] if stated else "POST" if " -d " in line else "GET"
            assert any(method == known and pattern.fullmatch(asked) for known, pattern in patterns), line


@pytest.mark.parametrize("path", DECISIONS, ids=name_of)
def test_a_decision_is_short_and_whole(path: Path) -> None:
    """It has context, decision and consequences, at most 40 lines, and the number of its file."""
    text = path.read_text(encoding="utf-8")

    assert len(text.splitlines()) <= MOST_LINES_OF_A_DECISION
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == PARTS_OF_A_DECISION
    assert text.startswith(f"# {int(path.name[:4])}. ")


def test_decisions_are_numbered_without_gaps() -> None:
    """The first is 1, and no number is used twice."""
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("name", MOST_LINES)
def test_a_first_page_is_a_page(name: str) -> None:
    """What people read first is short."""
    assert len((REPOSITORY / name).read_text(encoding="utf-8").splitlines()) <= MOST_LINES[name]


def test_the_table_of_settings_is_that_of_the_code() -> None:
    """`docs/operations.md` lists every setting with its default and its description."""
    text = (REPOSITORY / "docs/operations.md").read_text(encoding="utf-8")

    assert text.partition(OPENING)[2].partition(CLOSING)[0].strip() == settings_table()


def test_the_table_of_thresholds_is_that_of_the_code() -> None:
    """The same for every threshold, with what the profile `fast` makes of it."""
    text = (REPOSITORY / "docs/operations.md").read_text(encoding="utf-8")

    opening = OPENING.replace("settings:", "thresholds:")
    assert text.partition(opening)[2].partition("<!-- /thresholds -->")[0].strip() == thresholds_table()


async def test_the_table_of_metrics_is_that_of_the_code(pool: Pool) -> None:
    """The same for every metric, with its help."""
    text = (REPOSITORY / "docs/operations.md").read_text(encoding="utf-8")

    opening = "<!-- metrics: written from app/metrics; a test compares -->"
    assert text.partition(opening)[2].partition("<!-- /metrics -->")[0].strip() == metrics_table(MetricsPage(pool))


def test_the_api_lists_every_route() -> None:
    """`docs/api.md` has a row for each route, and no other."""
    text = (REPOSITORY / "docs/api.md").read_text(encoding="utf-8")

    assert re.findall(r"^\| `([A-Z]+ /\S*)` \|", text, re.MULTILINE) == [
        f"{each.method} {each.path}" for each in ROUTES
    ]


@pytest.mark.parametrize("block", re.findall(r"^```python\n(.*?)^```", CARDS + WEB, re.MULTILINE | re.DOTALL))
def test_the_code_of_a_card_is_the_tested_code(block: str) -> None:
    """Whatever `docs/cards.md` and `docs/web.md` show stands in a module that tests install."""
    assert any(block.strip() in (REPOSITORY / name).read_text(encoding="utf-8") for name in EXAMPLES)


def test_the_definition_of_a_card_is_told_field_by_field() -> None:
    """`docs/cards.md` names each field of a definition, and of a step."""
    named = set(re.findall(r"`(\w+)", CARDS))

    assert {*CardDefinition.__struct_fields__, *Step.__struct_fields__} <= named


def test_the_image_has_the_versions_that_were_tested() -> None:
    """Whatever the image pins is pinned to the same version for development."""
    image, whole = (
        set(re.findall(r"^(\S+==\S+)", (REPOSITORY / name).read_text(encoding="utf-8"), re.MULTILINE))
        for name in ("requirements-image.lock", "requirements.lock")
    )

    assert image
    assert image <= whole


def _assert_known_to_lockstep(words: Sequence[str]) -> None:
    command, path = COMMAND, list[str]()
    for word in words:
        if not isinstance(command, TyperGroup) or word.startswith("-"):
            break
        assert word in command.commands, f"lockstep {' '.join(path)} has no {word}"
        command = command.commands[word]
        path.append(word)
    options = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    stated = {word.partition("=")[0] for word in words if word.startswith("--")}

    assert stated <= options
    assert CliRunner().invoke(cli, [*path, "--help"]).exit_code == 0


def _assert_known_to_docker(words: Sequence[str]) -> None:
    verb, *rest = words
    assert verb in DOCKER_VERBS
    if verb == "run":
        image = next(place for place, word in enumerate(rest) if not word.startswith("-"))
        _assert_known_to_lockstep(rest[image + 1 :])
    elif verb == "compose":
        while rest[0] == "--profile":
            rest = rest[2:]
        assert rest[0] in COMPOSE_VERBS
        if rest[0] in {"exec", "logs"}:
            service, *inner = (word for word in rest[1:] if not word.startswith("-"))
            assert service in SERVICES
            if inner and inner[0] == "lockstep":
                place = [*rest].index("lockstep", rest.index(service) + 1)
                _assert_known_to_lockstep(rest[place + 1 :])


def _headings(path: Path) -> set[str]:
    lines = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", line.lower()).replace(" ", "-") for line in lines}
