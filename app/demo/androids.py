"""Move the phones with Android of the stories, and wait for what they show."""

from collections.abc import Callable
from typing import assert_never

from app.demo.errors import DemoError
from app.demo.steps import AwaitLiveUpdate, InstallAndroid, MoveAndroid, SwipeAway
from app.simulator.android_agent import AndroidAgent
from app.simulator.outbox import TicketFor
from app.simulator.simulator import Simulator


class Androids:
    """Hold the phones with Android.

    Args:
        simulator: where they are.
        ticket_for: gives the apps their tickets.
        own: gives what a name of the stories is called in this run.
        order_id: gives the id of an order.
        patience_seconds: how long one thing is waited for.
        on_progress: is told what happens, in sentences.

    Attributes:
        phones: by their names in the stories.
    """

    def __init__(
        self,
        simulator: Simulator,
        ticket_for: TicketFor,
        own: Callable[[str], str],
        order_id: Callable[[str], str],
        patience_seconds: float,
        on_progress: Callable[[str], None],
    ) -> None:
        self._simulator, self._ticket_for = simulator, ticket_for
        self._own, self._order_id = own, order_id
        self._patience_seconds, self._progress = patience_seconds, on_progress
        self.phones: dict[str, AndroidAgent] = {}

    async def take(self, step: InstallAndroid | MoveAndroid | SwipeAway | AwaitLiveUpdate) -> None:
        """Do what a step says.

        Raises:
            DemoError: what was waited for did not come.
        """
        if not isinstance(step, AwaitLiveUpdate):
            self._progress(f"{self._own(step.phone)}: {type(step).__name__}")
        match step:
            case InstallAndroid():
                self.phones[step.phone] = self._simulator.fcm.install_phone(
                    phone_id=self._own(step.phone), customer_id=self._own(step.customer), ticket_for=self._ticket_for
                )
            case MoveAndroid():
                getattr(self.phones[step.phone], step.act)()
            case SwipeAway():
                self.phones[step.phone].dismiss(self._order_id(step.order))
            case AwaitLiveUpdate():
                await self._wait(step)
            case _:
                assert_never(step)

    async def _wait(self, step: AwaitLiveUpdate) -> None:
        try:
            await self._simulator.wait_until(lambda: self._shows(step), within_seconds=self._patience_seconds)
        except TimeoutError:
            state = "the end of" if step.over else "a Live Update of"
            where = "" if step.progress is None else f" at {step.progress} %"
            wanted = f"{self._own(step.phone)} to show {state} {step.order}{where}"
            raise DemoError(f"waited {self._patience_seconds:g} s in vain for {wanted}") from None

    def _shows(self, step: AwaitLiveUpdate) -> bool:
        shown = self.phones[step.phone].phone.live_updates.get(self._order_id(step.order))
        return (
            shown is not None
            and shown.state == ("ended" if step.over else "active")
            and step.progress in (None, shown.face.get("progress"))
        )
