"""The limit of an HTTP server in this language: a handler that decodes the same body and answers."""

import asyncio
import signal
import sys
from typing import Any

import msgspec
import uvloop
from aiohttp import web


async def take(request: web.Request) -> web.Response:
    """Decode and answer."""
    document: Any = msgspec.json.decode(await request.read())
    return web.Response(body=msgspec.json.encode({"id": document["id"]}), content_type="application/json")


async def main() -> None:
    """Run."""
    app = web.Application()
    app.router.add_post("/v1/events", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"http://127.0.0.1:{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await runner.cleanup()


with asyncio.Runner(loop_factory=uvloop.new_event_loop) as each:
    each.run(main())
