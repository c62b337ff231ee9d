"""One run: build everything, strike while it works, let it come to rest, judge."""

import asyncio
import json
import signal
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec

from app.settings_fields import ALL_ROLES
from tests.faults.blows import Killer
from tests.faults.books import (
    judge_log,
    judge_orders,
    judge_receipts,
    judge_started_again,
    judge_told_again,
    judge_views,
)
from tests.faults.history import judge_order, judge_received, judge_spoken, judge_starts, judge_told
from tests.faults.people import is_silent
from tests.faults.rest import come_to_rest, expect_all, read_log
from tests.faults.stage import Plan, build, chance

ROLES_KILLED = frozenset({*(f"SIGKILL {role}" for role in ALL_ROLES), "SIGKILL to aim anew"})
# Written by the supervisor and the dispatcher when something failed that they did not expect.
BUGS = frozenset({"loop_failed", "dispatch_failed", "broadcast_failed", "request_failed", "subject_quarantined"})


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What a run was and what it found."""

    plan: Plan
    seconds: float
    rest_seconds: float
    kills: dict[str, int]
    aimed: dict[str, int]
    under_way: list[int]
    counts: dict[str, int]
    answers: dict[str, int]
    pushes: dict[str, int]
    bugs: dict[str, int]
    violations: list[str]

    @property
    def dealt(self) -> int:
        """Count the blows, aimed ones included."""
        return sum(self.kills.values()) + sum(self.aimed.values())

    @property
    def of_roles(self) -> int:
        """Count the blows that ended a process of a role, which was started again."""
        whole = (count for name, count in self.kills.items() if name in ROLES_KILLED)
        return sum(whole) + sum(self.aimed.values())


async def run(plan: Plan, folder: Path) -> Result:
    """Run once, with everything in a folder."""
    began = time.monotonic()
    me = asyncio.current_task()
    if me is not None:
        # what was started is ended also then
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)
    async with AsyncExitStack() as stack:
        stage = await build(plan, folder, stack)
        killer = Killer(stage.fleet, stage.postgres, lambda: stage.shop.under_way, chance(plan, "killer"))
        enough = asyncio.Event()

        async def strike() -> None:
            try:
                await killer.run(plan.kills)
            finally:
                enough.set()

        async def live_and_die() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(stage.people.crowd(plan.crowd, enough))
                group.create_task(stage.concerts.run(enough))
                group.create_task(stage.pictures.run())
                group.create_task(stage.replays.run(enough))
                group.create_task(strike())

        await stage.fleet.while_there_is_hope(live_and_die())
        by_api = await read_log(stage)
        stages = expect_all(stage, by_api)
        rested = time.monotonic()
        left, lost = await come_to_rest(stage, stages)
        rest_seconds = time.monotonic() - rested
        pushes = len(stage.simulator.pushes)
        await stage.replays.finish()
        more = len(stage.simulator.pushes) - pushes
        faults = [*left, *stage.ledger.wrong, *stage.shop.given_up, *stage.fleet.surprises, *stage.replays.wrong]
        faults += [f"{more} pushes went out during a replay at rest"] if more else []
        faults += judge_order(stage.people.shown, stages)
        faults += judge_starts(stage.people.shown, stage.concerts.followers) + stage.people.strays
        faults += judge_received(stage.simulator.pushes) + judge_spoken(stage.simulator.pushes)
        users = {agent.phone_id: agent.phone.customer_id for agent in stage.simulator.phones.values()}
        faults += judge_told(stage.simulator.pushes, stages, users, stage.concerts.followers)
        faults += judge_orders({order_id: await stage.shop.read_order(order_id) for order_id in stages}, stages)
        connection = await stage.postgres.connect()
        try:
            faults += await judge_log(connection, stage.ledger, by_api)
            faults += await judge_receipts(connection)
            faults += await judge_started_again(connection)
            faults += await judge_told_again(connection)
            receipts = await connection.fetchval("SELECT count(*) FROM receipts")
        finally:
            await connection.close()
        faults += await judge_views(stage.postgres.dsn, stage.secret_key, list(stages))
        faults += [
            f"phone {agent.phone_id} was refused: {each.method} {each.status} {each.text[:200]}"
            for agent in stage.simulator.phones.values()
            for each in agent.complaints
        ]
        faults += await stage.fleet.stop()
        bugs = read_bugs(stage.fleet.logs())
        faults += [f"the logs say {bug} {count} times" for bug, count in bugs.items()]
        token_changes = stage.simulator.pushes.counts["TooManyProviderTokenUpdates"]
        faults += [f"APNs refused {token_changes} pushes for a second provider token"] if token_changes else []
        people, shop = stage.people, stage.shop
        return Result(
            plan=plan,
            seconds=time.monotonic() - began,
            rest_seconds=rest_seconds,
            kills=dict(sorted(killer.dealt.items())),
            aimed=dict(sorted(stage.fleet.struck.items())),
            under_way=killer.under_way,
            counts={
                "customers": people.customers,
                "phones": len(stage.simulator.phones),
                "phones that never report a card": sum(map(is_silent, stage.simulator.phones.values())),
                "orders": len(people.orders),
                "concerts": len(stage.concerts.followers),
                "followers of concerts": sum(map(len, stage.concerts.followers.values())),
                "pushes to channels": sum(each.channel_id is not None for each in stage.simulator.pushes),
                "channels made": stage.simulator.channels.made,
                "pictures fetched": sum(len(each.phone.pictures) for each in stage.simulator.phones.values()),
                "events said": len(stage.ledger.intended),
                "events acknowledged": len(stage.ledger.versions),
                "slowest acknowledgement, ms": round(shop.longest * 1000),
                "acts of people": people.acts,
                "receipts": receipts,
                "pushes seen by phones": len(people.shown),
                "ordinary notifications": sum(each.event == "alert" for each in stage.simulator.pushes),
                "starts given up (never)": len(lost),
                "process starts": stage.fleet.starts,
                "facts told to the backend": len(stage.backend.ids),
                "requests to the backend": stage.backend.requests,
                **{f"replay: {name}": count for name, count in sorted(stage.replays.ended.items())},
            },
            answers={str(status or "none"): count for status, count in sorted(shop.answers.items())},
            pushes=dict(sorted(stage.simulator.pushes.counts.items())),
            bugs=dict(bugs),
            violations=faults,
        )


def read_bugs(logs: Sequence[Path]) -> Counter[str]:
    """Count what the processes logged as failures of their own, by event and place."""
    bugs: Counter[str] = Counter()
    for log in logs:
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                said = json.loads(line)
            except ValueError:
                bugs["something that is no log line"] += line.startswith("Traceback")
                continue
            if said.get("event") in BUGS or said.get("level") == "error":
                bugs[
                    " ".join(str(said[name]) for name in ("event", "loop", "error", "at", "detail") if name in said)
                ] += 1
    return +bugs
