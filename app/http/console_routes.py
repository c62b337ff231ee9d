"""The console: one page and its files, open to everybody: they hold nothing. What it shows it asks of the API by a key.

The page loads nothing from elsewhere, and its policy lets it do no more; a one-time ticket stands behind the `#` of its
address, which browsers keep to themselves.
"""

from pathlib import Path
from typing import Final

from aiohttp import web

from app.http.operation import describe
from app.http.problems import not_found
from app.http.static_files import OWN_FILES_ALONE, answer_file, document_answers, file_answers
from app.http.tags import IF_CHANGED

_FOLDER: Final = Path(__file__).parents[1] / "console" / "static"
_FILES: Final = {each.name: each for each in _FOLDER.iterdir() if each.suffix in {".css", ".js"}}
_POLICY: Final = f"{OWN_FILES_ALONE}; require-trusted-types-for 'script'; trusted-types 'none'"


@describe(answers=file_answers(".html", "The page."), parameters=(IF_CHANGED,))
async def get_console(request: web.Request) -> web.Response:
    """Give the console."""
    return answer_file(request, _FOLDER / "index.html", _POLICY)


@describe(answers=document_answers("text/*", "The script or the style."), parameters=(IF_CHANGED,))
async def get_console_file(request: web.Request) -> web.Response:
    """Give a script or a style of it."""
    file = _FILES.get(request.match_info["file"])
    if file is None:
        raise not_found("The console has no such file.")
    return answer_file(request, file, _POLICY)
