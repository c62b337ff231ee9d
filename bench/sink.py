"""A server in C that says yes to every push and echoes its id: nginx, one process."""

import asyncio
import shutil
import signal
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.simulator.certificates import ensure_certificates

# A connection that ends after a number of requests would measure how often it is opened.
CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 64; }}
http {{
    log_format path "$uri";
    access_log {log};
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl http2;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        keepalive_requests 1000000000;
        keepalive_time 24h;
        http2_max_concurrent_streams 1000;
        location / {{
            add_header apns-id $http_apns_id;
            return 200;
        }}
    }}
}}
"""


@dataclass(frozen=True)
class Sink:
    """Where it listens, and whom to trust.

    Attributes:
        log: The file of paths, if they are written down.
    """

    port: int
    ca_file: str
    log: Path | None = None

    def paths(self) -> Path:
        """Give the file that has the path of each push on a line."""
        if self.log is None:
            raise AssertionError("no paths are written down")
        return self.log

    @property
    def url(self) -> str:
        """Give the address to push to."""
        return f"https://localhost:{self.port}"


@asynccontextmanager
async def sink(*, paths: bool = False) -> AsyncIterator[Sink]:
    """Run one, which writes down the path of each push if it is told to.

    Raises:
        RuntimeError: nginx is not installed.
    """
    nginx = shutil.which("nginx", path="/usr/local/sbin:/usr/sbin:/sbin") or shutil.which("nginx")
    if nginx is None:
        raise RuntimeError("Pushes go to nginx, which is not installed. On Debian: apt-get install nginx")
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        certificates = ensure_certificates(folder / "certificates")
        port, log = _free_port(), folder / "paths.log"
        configuration = folder / "nginx.conf"
        configuration.write_text(
            CONFIGURATION.format(
                folder=folder,
                port=port,
                log=f"{log} path" if paths else "off",
                certificate=certificates.certificate_file,
                key=certificates.key_file,
            )
        )
        process = await asyncio.create_subprocess_exec(nginx, "-p", directory, "-c", str(configuration))
        try:
            await _listening(process, port)
            yield Sink(port, str(certificates.ca_file), log if paths else None)
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            await process.wait()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


async def _listening(process: asyncio.subprocess.Process, port: int) -> None:
    while process.returncode is None:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        return
    raise RuntimeError("nginx ended before it listened; see its output above")
