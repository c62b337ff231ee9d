"""A Lockstep process for benchmarks: starts from the environment, prints its address, runs until SIGTERM."""

import asyncio
import signal
import sys

import uvloop

from app.bootstrap import Service
from app.logs import set_up_logs
from app.settings import load_settings


async def main() -> None:
    """Run."""
    settings = load_settings()
    set_up_logs(settings.log_level, settings.log_format)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    service = await Service.start(settings)
    sys.stdout.write(f"{service.url}\n")
    sys.stdout.flush()
    await stop.wait()
    await service.stop()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
