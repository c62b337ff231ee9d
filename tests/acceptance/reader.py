"""What a reader of the documents has at hand, and what is so before some of the commands are typed."""

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

from app.cli.demo_invitation import YOUR_PHONE, Invitation
from app.simulator.agent import PhoneAgent
from events.slot import slot_of
from projections.pauses import Pauses
from tests.acceptance.documented import Terminal
from tests.acceptance.world import World, card_of
from tests.documents import REPOSITORY, Command

ORDER: Final = "order-4711"
_UNTIL_SETTLED_SECONDS: Final = 120
_DELIVERIES: Final = 'curl -H "$AUTH" "http://127.0.0.1:8080/v1/webhooks/crm/deliveries"'
_MODULES: Final[Mapping[str, str]] = {
    "upload.py": "app/demo/upload_card.py",
    "order_in_brief.py": "tests/cards/order_in_brief.py",
    "shop/booking.py": "tests/cards/booking.py",
}


class Reader:
    """A person with an installation, a phone, a folder and a terminal.

    Args:
        world: the installation.
        phone: the phone of `customer-7`.
        dsn: the database.
        folder: where the person works.
    """

    def __init__(self, world: World, phone: PhoneAgent, dsn: str, folder: Path) -> None:
        self.world, self.phone, self.folder = world, phone, folder
        for name, source in _MODULES.items():
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copy(REPOSITORY / source, folder / name)
        simulator, account = world.simulator, world.settings.fcm_account
        assert account is not None
        self._begin_demo(folder / ".lockstep/demo")
        self.terminal = Terminal(
            world.shop,
            {"http://127.0.0.1:8080": str(world.service.url), "http://127.0.0.1:8090": simulator.control_url},
            {
                "AUTH": f"Authorization: Bearer {world.api_key}",
                "JSON": "Content-Type: application/json",
                "CUSTOMER": "customer-7",
                "PHONE": f"{simulator.control_url}/phones/{phone.phone_id}",
            },
            {
                "dsn": dsn,
                "PYTHONPATH": str(folder),
                **world.apple,
                "LOCKSTEP_FCM_ACCOUNT": account.get_secret_value(),
                "LOCKSTEP_FCM_URL": simulator.fcm.url,
            },
            folder,
        )

    def _begin_demo(self, folder: Path) -> None:
        """Leave what a demo that runs in the person's folder leaves for other terminals."""
        self.world.simulator.install_phone(phone_id=YOUR_PHONE)
        folder.mkdir(parents=True)
        Invitation(
            url="http://127.0.0.1:8080",
            link="",
            api_key=self.world.api_key,
            order=ORDER,
            control_url=self.world.simulator.control_url,
            folder=folder,
            settings={"LOCKSTEP_CARDS": "app.demo.upload_card"},
        ).write()

    async def real(self, text: str) -> str:
        """Put what there is here in the place of what a document takes as an example."""
        for example, look in _EXAMPLES.items():
            if example in text:
                text = text.replace(example, await look(self))
        return text

    async def order_under_way(self) -> None:
        """Let an order of the customer, with a picture, come to its fourth event."""
        await self.world.place(ORDER, "customer-7", deliveryTime="2030-12-05T19:30:00Z", imageKey="taverna")
        for each in ("accepted", "preparing", "ready"):
            await self.world.happen_and_rest(ORDER, f"order.{each}")

    async def order_finished(self) -> None:
        """Let it end, its card go, and a sweep see that nothing is left to do."""
        await self.order_under_way()
        await self.world.happen_and_rest(ORDER, "order.delivered")
        await self.card_is_dismissed()
        await self.world.pass_time(_UNTIL_SETTLED_SECONDS)
        settled = False
        while not settled:
            settled = await self.world.service.pool.fetchval(
                "SELECT settled_at IS NOT NULL FROM heads WHERE slot = $1 AND subject_id = $2", slot_of(ORDER), ORDER
            )
            await asyncio.sleep(0.05)

    async def apple_refuses_the_next(self) -> None:
        """Let Apple say that the next token it is sent is not one."""
        self.world.fault("reason:BadDeviceToken")

    async def keys_are_old(self) -> None:
        """Let the new key be so old that every process has taken it up: the database says since when it is there."""
        await self.world.service.pool.execute("UPDATE keyring SET created_at = created_at - interval '61 minutes'")

    async def may_do_everything(self) -> None:
        """Take the key that may."""
        self.terminal.variables["AUTH"] = f"Authorization: Bearer {self.world.api_key}"

    async def exports_are_gone(self) -> None:
        """Remove what was exported before."""
        for each in self.folder.glob("*.jsonl*"):
            each.unlink()

    async def feed_is_open(self) -> None:
        """Wait until the feed, which its first call opens, has what happened before."""
        events = list[object]()
        while not events:
            feed = Command('curl -H "$AUTH" "http://127.0.0.1:8080/v1/events?limit=500"', "")
            events = json.loads(await self.terminal.type(feed))["events"]
            await asyncio.sleep(0.05)

    async def app_is_told_of_pictures(self) -> None:
        """Wait until a push has told the app what to fetch."""
        await self.world.until(lambda: any(push.event == "background" for push in self.world.pushes))

    async def app_is_paused(self) -> None:
        """Pause pushes to the app."""
        await Pauses(self.world.service.pool).pause("topic", "com.example.shop/production", reason="trial")

    async def card_is_dismissed(self) -> None:
        """Let the customer swipe the card away, and the app tell of it."""
        self.phone.dismiss(card_of(self.phone).activity_id)
        await self.world.come_to_rest()

    async def value(self, statement: str, *values: object) -> str:
        """Read a value, which is there, from the database."""
        found = await self.world.service.pool.fetchval(statement, *values)
        assert found is not None, statement
        return str(found)


async def _archive_folder(reader: Reader) -> str:
    return str(reader.folder / "archive")


async def _archive_file(reader: Reader) -> str:
    files = [*(reader.folder / "archive").glob("*.jsonl.gz")]
    return f"archive/{files[0].name}" if files else "orders-20260102T030000Z-1f2e3d4c.jsonl.gz"


async def _after_everything(_reader: Reader) -> str:
    return "2099-01-01"


async def _key_id(reader: Reader) -> str:
    return await reader.value("SELECT key_id FROM api_keys WHERE name = 'kitchen' AND revoked_at IS NULL LIMIT 1")


async def _card_id(reader: Reader) -> str:
    return await reader.value("SELECT card_id FROM cards WHERE slot = $1 AND subject_id = $2", slot_of(ORDER), ORDER)


async def _fact_id(reader: Reader) -> str:
    deliveries = json.loads(await reader.terminal.type(Command(_DELIVERIES, "")))["deliveries"]
    return str(deliveries[0]["id"])


async def _device_id(reader: Reader) -> str:
    return reader.phone.phone.device_id


async def _beginning_of_device_id(reader: Reader) -> str:
    return reader.phone.phone.device_id[:8]


async def _start_token(reader: Reader) -> str:
    return next(iter(reader.phone.phone.start_tokens.values()))


async def _app(reader: Reader) -> str:
    return f"--app {reader.phone.phone.bundle_id} --environment"


async def _assets_of_device(reader: Reader) -> str:
    return f"/v1/devices/{reader.phone.phone.device_id}/assets"


_EXAMPLES: Final[Mapping[str, Callable[[Reader], Awaitable[str]]]] = {
    "/srv/archive": _archive_folder,
    "orders-20260102T030000Z-1f2e3d4c.jsonl.gz": _archive_file,
    "2026-01-01": _after_everything,
    "lk_live_4fGh7Kq2Lm": _key_id,
    "9ed9344a-bf63-4a15-8ca1-f1907008291e": _card_id,
    "cf_217_4_4bd91c5ed7a5": _fact_id,
    "9E3FA1C6-6441-43E7-BC40-3927543463E0": _device_id,
    "9E3FA1C6": _beginning_of_device_id,
    "--app com.example.shop --environment": _app,
    "80a1b2c3": _start_token,
    "/v1/devices/phone-1/assets": _assets_of_device,
}
