"""The shop's pictures: served over HTTP, put into the manifest while customers order, and replaced by newer ones."""

import asyncio
import random

from app.demo.gallery import Gallery
from tests.faults.writer import Shop

KEYS = ("noodles", "kitchen")
VERSIONS = 2
PUT_SECONDS = (1.0, 6.0)
NAMED = 0.6


class Pictures:
    """All pictures that orders name.

    Attributes:
        gallery: Serves them, and knows what was put into the manifest.
    """

    def __init__(self, gallery: Gallery, shop: Shop, chance: random.Random) -> None:
        self._shop = shop
        self._chance = chance
        self._hanging = False
        self.gallery = gallery

    async def run(self) -> None:
        """Put one version after another into the manifest, the first when orders name it already."""
        self._hanging = True
        for version in range(1, VERSIONS + 1):
            for key in KEYS:
                await asyncio.sleep(self._chance.uniform(*PUT_SECONDS))
                await self._shop.put(f"/v1/assets/{key}", self.gallery.hang(key, version, "right"))

    def choose(self) -> str | None:
        """Choose what an order names; None: nothing."""
        return self._chance.choice(KEYS) if self._hanging and self._chance.random() < NAMED else None

    def draw_fetching(self) -> bool:
        """Draw whether an app is one that fetches pictures."""
        return self._hanging and self._chance.random() < 0.7
