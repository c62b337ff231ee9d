"""What a caller may do."""

import pytest

from app.access.api_key import Scope
from app.access.caller import (
    Caller,
    Customer,
    Service,
    has_scope,
    label_of,
    may_follow_order,
    may_read_order,
    may_sign_in,
    may_touch_device,
)

READER = Service("lk_live_1", frozenset({Scope.ORDERS_READ}))
ADMIN = Service("lk_live_2", frozenset({Scope.ADMIN}))
PHONES = Service("lk_live_3", frozenset({Scope.DEVICES_WRITE}))
SEVEN = Customer("customer-7")
GUEST = Customer(None, "order-1")


@pytest.mark.parametrize("scope", Scope)
def test_admin_holds_every_scope_and_a_ticket_none(scope: Scope) -> None:
    """Scopes are for services."""
    assert has_scope(ADMIN, scope)
    assert has_scope(READER, scope) == (scope is Scope.ORDERS_READ)
    assert not has_scope(SEVEN, scope)


@pytest.mark.parametrize(
    ("caller", "order_id", "customer_id", "expected"),
    [
        (READER, "order-1", "customer-7", True),
        (PHONES, "order-1", "customer-7", False),
        (SEVEN, "order-1", "customer-7", True),
        (SEVEN, "order-1", "customer-8", False),
        (SEVEN, "order-1", None, False),
        (GUEST, "order-1", "customer-7", True),
        (GUEST, "order-2", None, False),
        (GUEST, "order-2", "customer-7", False),
    ],
)
def test_an_order_is_read_by_those_it_belongs_to(
    caller: Caller, order_id: str, customer_id: str | None, *, expected: bool
) -> None:
    """A ticket reads its customer's orders and its own one; nobody's order is nobody's."""
    assert may_read_order(caller, order_id, customer_id) is expected


def test_a_phone_is_touched_by_its_owner_or_while_it_is_nobodys() -> None:
    """Services may touch all."""
    assert may_touch_device(PHONES, "customer-7")
    assert may_touch_device(SEVEN, "customer-7")
    assert may_touch_device(SEVEN, None)
    assert may_touch_device(GUEST, None)
    assert not may_touch_device(SEVEN, "customer-8")
    assert not may_touch_device(GUEST, "customer-7")


def test_a_ticket_signs_in_its_own_customer_alone() -> None:
    """Nobody may always be signed in."""
    assert [may_sign_in(caller, "customer-7") for caller in (PHONES, SEVEN, Customer("customer-8"), GUEST)] == [
        True, True, False, False,
    ]  # fmt: skip
    assert may_sign_in(GUEST, None)


def test_an_order_of_another_is_not_followed() -> None:
    """One that nobody owns yet is judged when it arrives."""
    assert may_follow_order(SEVEN, "order-1", None)
    assert may_follow_order(SEVEN, "order-1", "customer-7")
    assert not may_follow_order(SEVEN, "order-1", "customer-8")
    assert may_follow_order(PHONES, "order-1", "customer-8")


def test_the_log_names_a_service_and_no_customer() -> None:
    """A key's id is public, a customer is personal."""
    assert (label_of(READER), label_of(SEVEN)) == ("lk_live_1", "ticket")
