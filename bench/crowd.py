"""A crowd of slow and greedy clients, as a process of its own: opens connections, misbehaves, tells when all are gone.

Arguments: the port, how many connections, and an API key. Prints the seconds until the last one was cut off.
"""

import asyncio
import socket
import sys
import time

HEAD = "GET /livez HTTP/1.1\r\nHost: bench\r\nX-Half"
BODY = (
    "POST /v1/events HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer KEY\r\n"
    "Content-Type: application/cloudevents+json\r\nContent-Length: 200000\r\n\r\nhalf"
)
SCRIPT = "GET /track.js HTTP/1.1\r\nHost: bench\r\n\r\n"
DRIP_SECONDS = 1.0


async def main(port: int, sockets: int, key: str) -> None:
    """Open them all at once."""
    began = time.monotonic()
    ends = await until_all_cut(port, sockets, key)
    sys.stdout.write(f"{max(ends) - began}\n")


async def until_all_cut(port: int, sockets: int, key: str) -> list[float]:
    """Open so many connections, misbehave on each, and give the times at which they were cut off."""
    # nothing, half a head, a head drop by drop, half a body, and hundreds of answers that nobody reads
    kinds = ["", HEAD, HEAD, BODY.replace("KEY", key), SCRIPT * 200]
    crowd = (_until_cut(port, kinds[n % 5], drips=n % 5 == 2, deaf=n % 5 == 4) for n in range(sockets))
    return await asyncio.gather(*crowd)


async def _until_cut(port: int, sent: str, *, drips: bool, deaf: bool) -> float:
    """Open a connection, misbehave, and give the time at which the other side was gone."""
    own = socket.socket()
    own.setblocking(False)  # noqa: FBT003 - the standard library's own
    if deaf:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(own, ("127.0.0.1", port))
    try:
        await loop.sock_sendall(own, sent.encode())
        while True:
            if drips:
                await asyncio.sleep(DRIP_SECONDS)
                await loop.sock_sendall(own, b"x")
            elif deaf:
                # the end shows without reading: the other side's reset makes what is sent fail
                await asyncio.sleep(DRIP_SECONDS)
                await loop.sock_sendall(own, b"\r\n")
            elif not await loop.sock_recv(own, 65_536):
                return time.monotonic()
    except ConnectionError:
        return time.monotonic()
    finally:
        own.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
