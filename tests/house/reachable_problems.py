"""Reads from the source which kinds of problems a handler may end in: those that it, or what it calls, names."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from app.http import problem_kinds
from app.http.problem_kinds import ProblemKind

REPOSITORY: Final = Path(__file__).resolve().parents[2]
KINDS: Final = {name: kind for name, kind in vars(problem_kinds).items() if isinstance(kind, ProblemKind)}

Place = tuple[str, str]
"""A module and a function in it."""


def problems_from(module: str, function: str) -> set[ProblemKind]:
    """Give the kinds that a function of `app.http` may raise, by itself or by what it calls there.

    Args:
        module: `app.http.order_routes`.
        function: `get_order`.
    """
    found: set[ProblemKind] = set()
    seen: set[Place] = set()
    pending: list[Place] = [(module, function)]
    while pending:
        place = pending.pop()
        if place in seen:
            continue
        seen.add(place)
        body = _functions(place[0]).get(place[1])
        if body is None:
            continue
        for name in _names_in(body):
            if name in KINDS:
                found.add(KINDS[name])
            pending.append(_imports(place[0]).get(name, (place[0], name)))
    return found


def all_raised() -> set[ProblemKind]:
    """Give the kinds that any function of `app.http` names."""
    return {
        KINDS[name]
        for path in (REPOSITORY / "app/http").glob("*.py")
        for body in _functions(f"app.http.{path.stem}").values()
        for name in _names_in(body)
        if name in KINDS
    }


def unnamed_problems() -> list[str]:
    """Give the places where a problem is made without a kind: its status would be in no document."""
    return [
        f"{path.name}:{call.lineno}"
        for path in (REPOSITORY / "app").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "problem"
        and not isinstance(call.args[0], ast.Starred)
    ]


def _names_in(body: ast.AST) -> Iterator[str]:
    """Give the names that a function speaks of; what its decorators say is no code of its own."""
    pending: list[ast.AST] = list(ast.iter_child_nodes(body))
    decorators = {id(each) for each in getattr(body, "decorator_list", ())}
    while pending:
        each = pending.pop()
        if id(each) in decorators:
            continue
        if isinstance(each, ast.Name):
            yield each.id
        pending += ast.iter_child_nodes(each)


@cache
def _functions(module: str) -> dict[str, ast.AST]:
    return {
        each.name: each for each in ast.walk(_tree(module)) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@cache
def _imports(module: str) -> dict[str, Place]:
    return {
        name.asname or name.name: (each.module, name.name)
        for each in ast.walk(_tree(module))
        if isinstance(each, ast.ImportFrom) and (each.module or "").startswith("app.http.")
        for name in each.names
        if each.module is not None
    }


@cache
def _tree(module: str) -> ast.AST:
    path = REPOSITORY / f"{module.replace('.', '/')}.py"
    return ast.parse(path.read_text(encoding="utf-8")) if path.exists() else ast.Module([], [])
