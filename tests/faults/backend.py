"""The shop's backend, which is told what became of cards, and does not always answer."""

import asyncio
import random
from typing import Self

from aiohttp import web

from app.webhooks.address import AddressRules, read_network
from app.webhooks.webhook import WebhookRequest
from app.webhooks.webhook_store import WebhookStore
from events.postgres.pool import OwnConnection, Pool
from events.sealing import Keyring
from projections.card_fact import FactPlace, fact_id

NETWORK = "127.0.0.0/8"
REFUSED = 0.05
SLOW_SECONDS = 0.3


class Backend:
    """A receiver of webhooks that remembers what it has taken.

    Attributes:
        ids: Of what it has taken.
        requests: How many there were.
    """

    def __init__(self, runner: web.AppRunner, chance: random.Random) -> None:
        self._runner = runner
        self._chance = chance
        self.ids: set[str] = set()
        self.requests = 0

    @classmethod
    async def start(cls, chance: random.Random) -> Self:
        """Begin to listen."""
        app = web.Application()
        backend = cls(web.AppRunner(app, access_log=None, shutdown_timeout=1.0), chance)
        app.router.add_post("/", backend._take)
        await backend._runner.setup()
        await web.TCPSite(backend._runner, "127.0.0.1", 0).start()
        return backend

    @property
    def connections(self) -> int:
        """Give how many are open, those kept for the next request included."""
        server = self._runner.server
        return 0 if server is None else len(server.connections)

    async def close(self) -> None:
        """Hang up."""
        await self._runner.cleanup()

    async def ask(self, pool: Pool, keyring: Keyring) -> None:
        """Ask to be told of everything."""
        url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"
        store = WebhookStore(pool, keyring, AddressRules(http=True, networks=[read_network(NETWORK)]))
        await store.put("backend", WebhookRequest(url=url))

    async def missing(self, connection: OwnConnection) -> list[str]:
        """Say what was not told that should have been, or was written wrongly."""
        cards = await connection.fetch(
            "SELECT c.subject_id, c.card_id, c.phase, c.outcome, c.started_at IS NOT NULL AS started,"
            "       count(*) FILTER (WHERE f.type = 'card.started') AS starts,"
            "       count(*) FILTER (WHERE f.type IN ('card.dismissed', 'card.ended')) AS ends"
            " FROM cards AS c LEFT JOIN card_facts AS f USING (slot, subject_id, card_id)"
            " GROUP BY c.slot, c.subject_id, c.card_id"
        )
        wrong = [
            f"card {row['card_id']} of {row['subject_id']} ({row['phase']}, {row['outcome']}) is told to have started "
            f"{row['starts']} times, and to be over {row['ends']} times"
            for row in cards
            if row["starts"] != row["started"]
            or row["ends"] > 1
            or (row["started"] and row["ends"] != (row["phase"] == "over"))
        ]
        facts = await connection.fetch("SELECT slot, position, card_id, type FROM card_facts")
        ids = [(fact_id(FactPlace(row["slot"], row["position"]), row["card_id"]), row["type"]) for row in facts]
        return wrong + [f"{type_} {id_} was not told" for id_, type_ in ids if id_ not in self.ids]

    async def _take(self, request: web.Request) -> web.Response:
        self.requests += 1
        await request.read()
        draw = self._chance.random()
        if draw < REFUSED:
            return web.Response(status=503)
        if draw < 2 * REFUSED:
            await asyncio.sleep(SLOW_SECONDS)
        self.ids.add(request.headers["webhook-id"])
        return web.Response(status=204)
