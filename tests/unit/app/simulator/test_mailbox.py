"""Keep what cannot be delivered yet."""

from app.simulator.mailbox import Emptied, Mailbox
from tests.unit.app.simulator.examples import NOW
from tests.unit.app.simulator.fcm_examples import message


def test_what_has_lived_its_time_is_not_delivered() -> None:
    """The others are, in order; afterwards the mailbox is empty."""
    mailbox = Mailbox()
    short, long = message(ttl_seconds=60), message(ttl_seconds=61)
    assert (mailbox.keep(short), mailbox.keep(long)) == ((), ())

    assert mailbox.empty(NOW + 60) == Emptied([long], [short], overflowed=False)
    assert mailbox.empty(NOW + 60) == Emptied([], [], overflowed=False)


def test_with_one_more_than_a_hundred_all_are_discarded() -> None:
    """And all that follow, until the phone is back, which is told."""
    mailbox = Mailbox()
    kept = [mailbox.keep(message()) for _ in range(100)]
    full = len(mailbox)

    discarded = [len(mailbox.keep(message())) for _ in range(2)]

    assert (any(kept), full, discarded, len(mailbox)) == (False, 100, [101, 1], 0)
    assert mailbox.empty(NOW) == Emptied([], [], overflowed=True)
    assert mailbox.keep(message()) == ()
