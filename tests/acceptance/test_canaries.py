"""No secret and nothing personal is in a log, a refusal, an open route, a metric, a trace or the words of a command."""

import base64
import copy
import logging
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from structlog.testing import capture_logs

from app.access.shop_token_rules import ALGORITHMS
from app.http.routes import OPEN, ROUTES
from app.settings import Settings
from app.settings_sources import PREFIX
from events.personal import merge, split
from events.vocabulary import SHAPES, TODAY_VERSION, kind_of, public_types
from tests.acceptance.collector import Collector
from tests.acceptance.world import World, running_world
from tests.conftest import Clock
from tests.examples.events import FACTS
from tests.integration.command_line import lockstep
from tests.integration.receiving import SECRET, receiving
from tests.integration.shop_sign_in import AUDIENCE, ISSUER, sign_in

CANARY: Final = "Kanarienvogel"
SECRET_SETTINGS: Final = [name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)]
TRACEPARENT: Final = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
BEARER: Final = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|lk_[a-z]+_\w{20,}|whsec_\w+")
"""Whatever opens something looks like one of these: a JSON Web Token, a key, the secret of a webhook."""

COMMANDS: Final = (
    *(("keys", "list"), ("pauses",), ("cards", "list"), ("cards", "stuck"), ("cards", "resend", "order-1")),
    *(
        ("webhooks", "list"),
        ("senders", "list"),
        ("webhooks", "show", "crm"),
        ("webhooks", "deliveries", "crm"),
        ("channels", "list"),
    ),
    *(("order", "explain", "order-1"), ("tokens", "retire", "nobody"), ("audience", "show", "activity-1")),
    *(("definitions", "list"), ("erase", "list"), ("shadow", "list"), ("replay", "verify"), ("migrate",)),
)
"""Commands that show nothing personal."""


def planted(type_: str) -> dict[str, Any]:
    """Give an example of an event that holds the canary wherever it may hold something personal."""
    fields = SHAPES[type_, TODAY_VERSION[type_]].personal
    data = copy.deepcopy(FACTS[type_])
    merge(data, _planted(split(data, fields)), fields)
    return data


def _planted(value: Any) -> Any:
    match value:
        case str():
            return CANARY
        case dict():
            return {name: _planted(each) for name, each in value.items()}
        case list():
            return [_planted(each) for each in value]
        case _:
            return value


def test_the_canary_is_planted_wherever_something_is_personal() -> None:
    """Every personal field of the vocabulary is in an example, and its text is the canary."""
    for type_ in public_types():
        fields = SHAPES[type_, TODAY_VERSION[type_]].personal
        found = split(planted(type_), fields)
        assert set(found) >= set(fields.required), type_
        assert set(_texts(found)) <= {CANARY}, type_


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict() | list():
            for each in value.values() if isinstance(value, dict) else value:
                yield from _texts(each)


@asynccontextmanager
async def listening_world(dsn: str, clock: Clock, certificates: Path, collector: Collector) -> AsyncIterator[World]:
    """Run everything, with a webhook and the shop's own sign-in, and with a shop that records traces."""
    local: dict[str, Any] = dict.fromkeys(("webhook_http", "jwks_http"), True)
    local |= dict.fromkeys(("webhook_networks", "jwks_networks"), "127.0.0.0/8")
    async with receiving() as receiver, sign_in() as shop:
        receiver.answers = [500]
        said: dict[str, Any] = {
            "jwks_url": shop.url,
            "jwt_issuer": ISSUER,
            "jwt_audience": AUDIENCE,
            "jwt_algorithms": ALGORITHMS,
        }
        async with running_world(dsn, clock, certificates, otlp_url=collector.url, **local, **said) as world:
            world.shop.headers["traceparent"] = TRACEPARENT
            world.tickets.append(shop.token("customer-7"))
            await world.call("PUT", "/v1/devices/theirs", DEVICE | {"customerId": "customer-8"})
            async with world.shop.put(
                f"{world.service.url}/v1/webhooks/crm", json={"url": receiver.url, "secret": SECRET}
            ) as answer:
                assert answer.status == 201
            yield world


DEVICE: Final = {"app": "com.example.shop", "environment": "sandbox", "iosVersion": "18.2"}


async def live(world: World) -> None:
    """Let everything happen that events can say, to phones of both kinds, with failures in between."""
    await world.phone("customer-7")
    await world.android("customer-7")
    for name in ("reason:InternalServerError", "reset", "reason:BadDeviceToken", "reason:UNAVAILABLE"):
        world.fault(name, times=1)
    for place, type_ in enumerate(public_types()):
        kind = kind_of(type_)
        if type_ != f"{kind}.placed" and kind == "order":
            await world.happen(f"{kind}-{place}", "order.placed", **planted("order.placed"))
        await world.happen(f"{kind}-{place}", type_, **planted(type_))
    await world.happen("order-1", "order.placed", **planted("order.placed"))
    await world.come_to_rest()
    await world.happen("order-1", "order.note", text=CANARY)
    await extended(world)
    await world.come_to_rest()


async def extended(world: World) -> None:
    """Post CloudEvents with the canary in an extension attribute, in a body and in headers."""
    event = {"specversion": "1.0", "source": "shop", "subject": "order-1", "type": "order.ready", "guest": CANARY}
    await world.call("POST", "/v1/events", {**event, "id": "in-a-body", "data": {}})
    headers = {f"ce-{name}": value for name, value in {**event, "id": "in-headers"}.items()}
    async with world.shop.post(f"{world.service.url}/v1/events", json={}, headers=headers) as answer:
        assert answer.status == 200, await answer.text()


async def refusals(world: World) -> list[str]:
    """Ask for what is refused, in every way, with the canary in it; give every answer with its headers."""
    json = {"Content-Type": "application/json"}
    tampered = world.tickets[0][:-6] + "AAAAAA"
    bodies = (
        f'{{"type":"order.note","data":{{"text":"{CANARY}","alert":"{CANARY}"}}}}',
        f'{{"type":"order.note","data":{{"text":["{CANARY}"]}}}}',
        f'{{"type":"{CANARY}","data":{{"text":1}}}}',
        f'{{"type":"order.note","data":{{"text":"{CANARY}\\u0000"}}}}',
        f'{{"type":"order.note","data":{{"text":"{CANARY}',
        f'{{"specversion":"1.0","guest":["{CANARY}"],"host":"{CANARY}\\n","extensions":{{"guest":["{CANARY}"]}}}}',
        f'{{"app":"{CANARY}","environment":"{CANARY}","iosVersion":"{CANARY}","alertToken":"{CANARY}"}}',
        f'{{"url":"https://user:{CANARY}@crm.example.com/","secret":"{CANARY}"}}',
        f'{{"attributesType":"A","attributes":{{}},"contentState":{{}},"priority":"{CANARY}","carrier":"{CANARY}"}}',
        f'{{"tags":["{CANARY} {CANARY}"],"customers":"{CANARY}","attributesType":7}}',
    )
    said = []
    async with aiohttp.ClientSession() as stranger:
        for method, path in (("GET", f"/{CANARY}"), ("GET", f"/v1/orders?after={CANARY}"), (CANARY, "/v1/events")):
            for session in (stranger, world.shop):
                async with session.request(method, f"{world.service.url}{path}") as answer:
                    assert answer.status >= 400
                    said.append(f"{answer.headers}{await answer.text()}")
        for route in ROUTES:
            path = re.sub(r"\{\w+\}", "theirs", route.path)
            url = f"{world.service.url}{path}"
            for token in (None, tampered, f"lk_test_{CANARY}", CANARY, world.tickets[0], world.tickets[-1]):
                headers = json if token is None else {**json, "Authorization": f"Bearer {token}"}
                async with stranger.request(route.method, url, headers=headers, data=bodies[0]) as answer:
                    if answer.status >= 400 or route.rule == OPEN:
                        said.append(f"{answer.headers}{await answer.text()}")
            for body in bodies if route.method in {"POST", "PUT"} else ():
                async with world.shop.request(route.method, url, headers=json, data=body) as answer:
                    if answer.status >= 400:
                        said.append(f"{answer.headers}{await answer.text()}")
    return said


async def secrets_of(world: World) -> set[str]:
    """Give every secret there is, as text."""
    ring = world.service.keyring
    keys = (ring.wrap, ring.hash, ring.tickets, *ring.tokens.keys.values())
    account = world.settings.fcm_account
    assert account is not None
    sealed = await world.service.pool.fetch(
        "SELECT token_sealed FROM cards WHERE token_sealed IS NOT NULL UNION ALL SELECT token_sealed FROM push_tokens"
    )
    return {
        *(
            getattr(world.settings, name).get_secret_value()
            for name in SECRET_SETTINGS
            if getattr(world.settings, name)
        ),
        *(each.hex() for each in keys),
        *(base64.b64encode(each).decode() for each in keys),
        *(line for line in world.signing_key.splitlines() if "-" not in line),
        *re.findall(r"[\w+/=]{60,}", account.get_secret_value()),
        *(world.service.keyring.open_token(row["token_sealed"]) for row in sealed),
        *(push.token for push in world.pushes if push.token),
        *(SECRET, world.api_key, *world.tickets, CANARY),
    }


def hits(secrets: set[str], said: str) -> list[str]:
    """Give the lines in which there is something that is not to be there."""
    return [line for line in said.splitlines() if BEARER.search(line) or any(each in line for each in secrets)]


@pytest.mark.faults
async def test_no_canary_is_seen(
    dsn: str,
    clock: Clock,
    certificates: Path,
    collector: Collector,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Flows, failures and refusals, with every logger of every library wide open: 0 hits."""
    caplog.set_level(logging.DEBUG)
    with capture_logs() as entries:
        async with listening_world(dsn, clock, certificates, collector) as world:
            await live(world)
            answers = await refusals(world)
            secrets = await secrets_of(world)
            commands = [await lockstep(*each, dsn=dsn, LOCKSTEP_LOG_LEVEL="debug") for each in COMMANDS]
            personal = await world.order("order-1")
            async with world.shop.get(f"{world.service.url}/metrics") as answer:
                metrics = await answer.text()
            events = [each async for each in world.service.store.read_subject("order-1")]
    assert CANARY in str(personal)
    assert [CANARY.encode() in each.extensions for each in events if each.extensions] == [True, True]
    assert len({push.status for push in world.pushes}) > 1
    assert len(secrets) > 20
    assert len(answers) > 300
    spans = {each.name for each in collector.spans}
    assert {"fold", "plan start", "plan update", "push sandbox", "POST /v1/orders/{order_id}/events"} <= spans
    assert 'route="/v1/devices/{device_id}"' in metrics
    assert [each.code for each in commands if each.code == 2] == []
    for said in (
        "\n".join(map(str, entries)),
        "\n".join(f"{each.name} {each.getMessage()} {each.exc_text}" for each in caplog.records),
        "\n".join(capfd.readouterr()),
        "\n".join(answers),
        metrics,
        "\n".join(map(str, collector.batches)),
        "\n".join(f"{each.out}\n{each.err}" for each in commands),
    ):
        assert hits(secrets, said) == []


@pytest.mark.parametrize("name", [*SECRET_SETTINGS, "database_url"])
async def test_a_secret_setting_that_cannot_be_used_is_not_quoted(dsn: str, tmp_path: Path, name: str) -> None:
    """Neither its value nor a part of it, in a variable or in a file; the setting's name is."""
    value = f"postgresql://user:{CANARY}@127.0.0.1:1/{CANARY}" if name == "database_url" else f'[{{"{CANARY}":7}}]'
    file = tmp_path / "secret"
    file.write_text(value)
    variable = f"{PREFIX}{name.upper()}"
    others = {
        "LOCKSTEP_APNS_TEAM_ID": "TEAM123456",
        "LOCKSTEP_APNS_KEY_ID": "KEY1234567",
        "LOCKSTEP_LOG_LEVEL": "debug",
    }
    test = ("push", "test", "--token", "80a1", "--app", "com.example.shop", "--environment", "sandbox")
    for given in ({variable: value}, {f"{variable}_FILE": str(file)}):
        where = None if name == "database_url" else dsn
        for command in (("serve",), test):
            done = await lockstep(*command, dsn=where, LOCKSTEP_DATA_DIRECTORY=str(tmp_path), **others, **given)
            assert done.code == 2, (command, done)
            assert CANARY not in done.out + done.err
