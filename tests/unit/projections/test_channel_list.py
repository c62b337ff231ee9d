"""Apple's list of channels beside ours: what a list says that is older than what we know by now."""

from uuid import uuid4

from projections.channel import ChannelPhase
from projections.channel_list import Difference, MadeChannel, compare


def made(channel_id: str, phase: ChannelPhase = ChannelPhase.OPEN) -> dict[str, MadeChannel]:
    """Give what we know of one channel."""
    return {channel_id: MadeChannel(0, "order-1", uuid4(), channel_id, phase)}


def test_what_both_know_differs_in_nothing() -> None:
    """Also a channel that has ended, and waits for its deletion."""
    known = made("a") | made("b", ChannelPhase.ENDED)

    assert compare(["a", "b"], known, known) == Difference((), (), ())


def test_what_no_row_has_is_unknown() -> None:
    """Unless its row has come to know it while the list was on its way."""
    assert compare(["a", "b"], {}, {}).unknown == ("a", "b")
    assert compare(["a", "b"], {}, made("b")).unknown == ("a",)


def test_what_the_list_lacks_is_missing_if_it_carries_cards() -> None:
    """Not one that was made after the list was asked for, nor one that is on its way out."""
    [missing] = compare([], made("a"), made("a") | made("b")).missing
    assert missing.channel_id == "a"
    for phase in (ChannelPhase.CLOSING, ChannelPhase.ENDED, ChannelPhase.GONE):
        assert compare([], made("a", phase), made("a", phase)).missing == ()


def test_what_is_gone_for_us_and_there_at_apple_was_ours() -> None:
    """It may be deleted, whoever else makes channels."""
    assert compare(["a"], made("a"), made("a", ChannelPhase.GONE)).abandoned == ("a",)
