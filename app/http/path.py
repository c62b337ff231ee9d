"""Ids in a path."""

from typing import Final

from aiohttp import web

from app.http.problems import not_found

_LONGEST: Final = 128


def path_id(request: web.Request, name: str) -> str:
    """Give an id of the path.

    Raises:
        ProblemError: 404, because nothing can have such an id.
    """
    text = request.match_info[name]
    if len(text) > _LONGEST or not text.isascii() or not text.isprintable() or " " in text or not text:
        raise not_found(f"An id has 1 to {_LONGEST} bytes of visible ASCII.")
    return text
