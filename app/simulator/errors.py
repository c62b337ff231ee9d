"""Name what can go wrong when the simulator is steered."""

from collections.abc import Iterable


class SimulatorError(Exception):
    """Say that the simulator cannot do what it was told; the message names why."""


class UnknownPhoneError(SimulatorError):
    """Say that no phone has this id; the caller may install one."""

    def __init__(self, phone_id: str) -> None:
        self.phone_id = phone_id
        super().__init__(f"no phone has the id {phone_id!r}")


class UnknownCardError(SimulatorError):
    """Say that the phone has no such card; the caller may look at the phone's cards first."""

    def __init__(self, card: str) -> None:
        self.card = card
        super().__init__(f"the phone has no card {card!r}")


class UnknownActError(SimulatorError):
    """Say that a phone cannot do that; the message lists what it can."""

    def __init__(self, acts: Iterable[str]) -> None:
        super().__init__(f"a phone can: {', '.join(acts)}")
