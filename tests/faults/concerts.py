"""Concerts: activities for a segment, carried by a channel or by tokens, while customers come and go."""

import asyncio
import random
from collections.abc import Iterable
from typing import Any

from app.demo.bulk import CONCERT
from tests.faults.orders import Said
from tests.faults.writer import Shop

HALLS = ("channel", "token")
INVITED = 0.6
GATHER_SECONDS = (1.0, 3.0)
SONG_SECONDS = (0.3, 1.5)
ENDED = 0.7
SOURCE = "/box-office"


class Concerts:
    """All concerts, a few at a time, each for the customers whom it invited while it was the next.

    A customer follows one at the most, so that no phone is sent more starts than iOS takes.

    Attributes:
        followers: The customers of each concert.
    """

    def __init__(self, shop: Shop, chance: random.Random) -> None:
        self._shop = shop
        self._chance = chance
        self._open: list[str] = []
        self.followers: dict[str, set[str]] = {}

    async def run(self, enough: asyncio.Event) -> None:
        """Give one concert after another in each hall until it is enough; what was begun is finished."""
        async with asyncio.TaskGroup() as group:
            for carrier in HALLS:
                group.create_task(self._one_after_another(carrier, enough))

    async def invite(self, customer_id: str) -> None:
        """Invite a customer to a concert that is on, or about to be, perhaps."""
        if self._open and self._chance.random() < INVITED:
            concert = self._chance.choice(self._open)
            self.followers[concert].add(customer_id)
            await self._shop.put(f"/v1/customers/{customer_id}/tags", {"tags": [concert]})

    async def _one_after_another(self, carrier: str, enough: asyncio.Event) -> None:
        number = 0
        while not enough.is_set():
            number += 1
            await self._play(f"concert-by-{carrier}-{number}", carrier)

    async def _play(self, concert: str, carrier: str) -> None:
        await self._shop.put(f"/v1/segments/{concert}", {"filter": f"tag = {concert}"})
        self.followers[concert] = set()
        self._open.append(concert)
        await asyncio.sleep(self._chance.uniform(*GATHER_SECONDS))
        for said in self._programme(concert, carrier):
            await self._shop.post((said,))
            await asyncio.sleep(self._chance.uniform(*SONG_SECONDS))
        self._open.remove(concert)

    def _programme(self, concert: str, carrier: str) -> Iterable[Said]:
        band = self._chance.choice(("The Kettles", "Λάμπες", "日本橋"))
        yield self._say(
            concert,
            "started",
            0,
            audience={"segment": concert},
            attributesType=CONCERT.name,
            attributes={"band": band},
            contentState={"song": "Intro"},
            alert=_alert(f"{concert}: doors"),
            carrier=carrier,
        )
        songs = self._chance.randint(2, 5)
        for number in range(1, songs + 1):
            loud = {"alert": _alert(f"{concert}: song {number}")} if self._chance.random() < 0.4 else {}
            yield self._say(
                concert, "updated", number, contentState={"song": f"Song {number}", "minute": number}, **loud
            )
        if self._chance.random() < ENDED:
            yield self._say(concert, "ended", songs + 1)

    def _say(self, concert: str, step: str, number: int, **data: Any) -> Said:
        return Said(concert, f"c{number}", SOURCE, f"activity.{step}", data)


def _alert(title: str) -> dict[str, str]:
    return {"title": title, "body": "On stage!"}
