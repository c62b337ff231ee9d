"""Order tickets by themselves; forged ones are tried on every route in the integration tests."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access.caller import Customer
from app.access.errors import TicketError
from app.access.ticket import CLOCK_SKEW_SECONDS, LONGEST_SECONDS, mint, read

KEY = b"a key of exactly thirty-two byte"
NOON = datetime(2025, 11, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("customer", [Customer("c-7"), Customer(None, "o-1"), Customer("c-7", "o-1")])
def test_a_ticket_says_whom_it_speaks_for(customer: Customer) -> None:
    """What is minted is read."""
    text, expires_at = mint(customer, KEY, now=NOON, ttl_seconds=60)
    assert expires_at == NOON + timedelta(seconds=60)
    assert read(text, KEY, now=NOON + timedelta(seconds=59)) == customer


@pytest.mark.parametrize("seconds", [60, 61, -CLOCK_SKEW_SECONDS - 1])
def test_a_ticket_has_its_time(seconds: int) -> None:
    """It ends to the second, and a clock may be a minute behind."""
    text, _ = mint(Customer("c-7"), KEY, now=NOON, ttl_seconds=60)
    with pytest.raises(TicketError):
        read(text, KEY, now=NOON + timedelta(seconds=seconds))


@pytest.mark.parametrize("ttl_seconds", [0, -1, LONGEST_SECONDS + 1])
def test_a_ticket_lasts_a_day_at_the_most(ttl_seconds: int) -> None:
    """Longer ones are not minted."""
    with pytest.raises(ValueError, match="seconds"):
        mint(Customer("c-7"), KEY, now=NOON, ttl_seconds=ttl_seconds)


def test_a_ticket_speaks_for_somebody() -> None:
    """One for nobody is not minted."""
    with pytest.raises(ValueError, match="names"):
        mint(Customer(None), KEY, now=NOON, ttl_seconds=60)


def test_a_header_that_is_too_deep_is_refused() -> None:
    """Nesting does not break the reader."""
    deep = jwt.utils.base64url_encode(b"[" * 1_400).decode()
    with pytest.raises(TicketError):
        read(f"{deep}.e30.e30", KEY, now=NOON)


@given(st.text(max_size=200))
def test_noise_is_no_ticket(text: str) -> None:
    """Any text is refused as a ticket, whatever it is."""
    for token in (text, f"{text}.{text}.{text}", f"eyJhbGciOiJIUzI1NiJ9.{text}.{text}"):
        with pytest.raises(TicketError):
            read(token, KEY, now=NOON)


@given(st.data())
def test_a_changed_ticket_is_refused(data: st.DataObject) -> None:
    """One changed letter in header or claims makes it nobody's."""
    text, _ = mint(Customer("c-7"), KEY, now=NOON, ttl_seconds=60)
    place = data.draw(st.integers(0, text.rindex(".") - 1))
    letter = data.draw(st.sampled_from("ABCabc0-_").filter(lambda each: each != text[place]))
    with pytest.raises(TicketError):
        read(text[:place] + letter + text[place + 1 :], KEY, now=NOON)
