"""To which of its addresses a connection to APNs goes first."""

from socket import AF_INET, AF_INET6, SOCK_STREAM

from app.apns.wire import spread

FOUR = [(AF_INET, SOCK_STREAM, 6, "", (f"17.188.0.{number}", 443)) for number in range(8)]
SIX = [(AF_INET6, SOCK_STREAM, 6, "", (f"2620:149::{number}", 443, 0, 0)) for number in range(8)]


def test_connections_go_to_all_addresses() -> None:
    """A name with eight addresses is not one with a single one that is asked first."""
    assert {spread(FOUR)[0] for _ in range(400)} == set(FOUR)


def test_the_systems_choice_of_a_family_stands() -> None:
    """Whichever comes first in the system's answer is tried first, and nothing is lost."""
    for addresses in (SIX + FOUR, FOUR + SIX):
        mixed = spread(addresses)
        assert [each[0] for each in mixed] == [each[0] for each in addresses]
        assert sorted(mixed, key=str) == sorted(addresses, key=str)
