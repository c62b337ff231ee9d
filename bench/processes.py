"""Lockstep, a bare server and a simulator as processes of their own, so that no figure shares an interpreter."""

import asyncio
import base64
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bench.database import Bed

TEAM_ID = "BENCHTEAM1"
KEY_ID = "BENCHKEY01"


@asynccontextmanager
async def python(module: str, *arguments: str, **environment: str) -> AsyncIterator[tuple[int, str]]:
    """Run a module that prints its address as its first line, and give its process id and the address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    if process.stdout is None:
        raise AssertionError("the output is piped")
    try:
        address = (await process.stdout.readline()).decode().strip()
        if not address:
            raise RuntimeError(f"{module} ended before it listened; see its output above")
        yield process.pid, address
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()


def lockstep_environment(on: Bed, roles: str, **more: str) -> dict[str, str]:
    """Give the settings of a Lockstep process on this database."""
    return {
        "LOCKSTEP_DATABASE_URL": on.dsn,
        "LOCKSTEP_SECRET_KEY": base64.b64encode(on.secret).decode(),
        "LOCKSTEP_ROLES": roles,
        "LOCKSTEP_PORT": "0",
        "LOCKSTEP_LOG_LEVEL": "warning",
        **more,
    }


def new_key() -> tuple[str, str]:
    """Make a signing key: private and public PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def cpu_seconds(pid: int) -> float:
    """Read the processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    """Read the memory that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
