"""The real command line, as a process of its own."""

import asyncio
import base64
import os
import sys
from dataclasses import dataclass
from typing import Any

import msgspec

from tests.conftest import SECRET_KEY


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, which must be one line of JSON."""
        assert self.out.count("\n") == 1, self
        return msgspec.json.decode(self.out)


def surroundings(dsn: str | None, **more: str) -> dict[str, str]:
    """Give the environment of a command: this database and its secret key, and none of our own settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LOCKSTEP_")}
    if dsn is not None:
        clean |= {"LOCKSTEP_DATABASE_URL": dsn, "LOCKSTEP_SECRET_KEY": base64.b64encode(SECRET_KEY).decode()}
    return clean | more


async def begin(*arguments: str, dsn: str | None, **more: str) -> asyncio.subprocess.Process:
    """Start `lockstep` with these arguments; what it is to read can be written to its standard input."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from app.cli.main import main; main()",
        *arguments,
        env=surroundings(dsn, **more),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def lockstep(*arguments: str, dsn: str | None, **more: str) -> Done:
    """Run `lockstep` with these arguments to its end."""
    process = await begin(*arguments, dsn=dsn, **more)
    out, err = await process.communicate()
    assert process.returncode is not None
    assert "Traceback" not in err.decode()
    return Done(process.returncode, out.decode(), err.decode())
