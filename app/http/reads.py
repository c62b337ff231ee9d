"""Notes that a service was shown personal values."""

from aiohttp import web

from app.access.caller import Service
from app.access.personal_reads import EVERY_ORDER
from app.http.edge import caller_of, edge_of


def note_read(request: web.Request, what: str, order_id: str = EVERY_ORDER) -> None:
    """Note that the caller is about to see personal values; what customers see of their own is not noted."""
    caller = caller_of(request)
    if isinstance(caller, Service):
        edge_of(request).reads.note(caller.key_id, what, order_id)
