"""Keep the shop's pictures: paint them, serve them over HTTP, and remember what was put into Lockstep's manifest."""

import hashlib
import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal, Self

import msgspec
from aiohttp import web

Served = Literal["right", "other", "missing"]
_SIDE = 24


class Version(msgspec.Struct, frozen=True):
    """Say what was put into the manifest.

    Args:
        fetched: whether a phone is to fetch it, and can: it is served, whole, and has not expired.
    """

    key: str
    sha256: str
    fetched: bool

    @property
    def ref(self) -> str:
        """Give what a card calls it, by `docs/images.md`."""
        return f"{self.key}@{self.sha256[:12]}"


class Gallery:
    """Hold pictures; make one with `open`.

    Attributes:
        manifest: the versions of each key, the newest last; empty once it was withdrawn.
    """

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}
        self._url = ""
        self.manifest: dict[str, list[Version]] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls, host: str = "127.0.0.1") -> AsyncIterator[Self]:
        """Serve pictures while the block runs."""
        gallery = cls()
        app = web.Application()
        app.router.add_get("/{name}", gallery._give)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, 0).start()
            gallery._url = f"http://{host}:{runner.addresses[0][1]}"
            yield gallery
        finally:
            await runner.cleanup()

    def hang(self, key: str, version: int, served: Served, *, expires_at: str | None = None) -> dict[str, Any]:
        """Paint a version of a picture, serve it, or not, and give what the manifest takes."""
        name = f"{key}-{version}.png"
        picture = paint(name)
        if served != "missing":
            self._files[name] = picture if served == "right" else paint("another")
        sha256 = hashlib.sha256(picture).hexdigest()
        self.manifest.setdefault(key, []).append(Version(key, sha256, served == "right" and expires_at is None))
        put = {"url": f"{self._url}/{name}", "sha256": sha256, "sizeBytes": len(picture)}
        return put if expires_at is None else put | {"expiresAt": expires_at}

    def take_down(self, key: str) -> None:
        """Note that a picture was withdrawn."""
        self.manifest[key] = []

    async def _give(self, request: web.Request) -> web.Response:
        picture = self._files.get(request.match_info["name"])
        return web.Response(status=404) if picture is None else web.Response(body=picture, content_type="image/png")


def paint(name: str) -> bytes:
    """Give a small PNG in a colour that belongs to a name."""
    colour = hashlib.sha256(name.encode()).digest()[:3]
    rows = b"".join(b"\0" + colour * _SIDE for _ in range(_SIDE))
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)),
        (b"tEXt", b"Title\0" + name.encode()),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
