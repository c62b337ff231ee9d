"""Who calls, and what that caller may do."""

import msgspec

from app.access.api_key import Scope


class Service(msgspec.Struct, frozen=True):
    """A backend with an API key, or one that signs.

    Attributes:
        source: Whose events it may post alone; None for every source.
    """

    key_id: str
    scopes: frozenset[Scope]
    source: str | None = None


class Customer(msgspec.Struct, frozen=True):
    """An app with an order ticket.

    Attributes:
        customer_id: Who is signed in; None for a ticket that is about one order alone.
        order: One order that the ticket opens, whoever its customer is.
    """

    customer_id: str | None
    order: str | None = None


Caller = Service | Customer


def has_scope(caller: Caller, scope: Scope) -> bool:
    """Tell whether the caller holds a scope; tickets hold none."""
    return isinstance(caller, Service) and (scope in caller.scopes or Scope.ADMIN in caller.scopes)


def may_read_order(caller: Caller, order_id: str, customer_id: str | None) -> bool:
    """Tell whether the caller may see an order.

    Args:
        caller: Who asks.
        order_id: The order.
        customer_id: Whose order it is, as far as is known.
    """
    if isinstance(caller, Service):
        return has_scope(caller, Scope.ORDERS_READ)
    return order_id == caller.order or (customer_id is not None and customer_id == caller.customer_id)


def may_follow_order(caller: Caller, order_id: str, customer_id: str | None) -> bool:
    """Tell whether the caller may report a card for an order; one that nobody owns yet is judged when it arrives."""
    return isinstance(caller, Service) or customer_id is None or may_read_order(caller, order_id, customer_id)


def may_sign_in(caller: Caller, customer_id: str | None) -> bool:
    """Tell whether the caller may say that this customer is signed in on a phone; None is nobody."""
    return isinstance(caller, Service) or customer_id is None or customer_id == caller.customer_id


def may_touch_device(caller: Caller, owner: str | None) -> bool:
    """Tell whether the caller may change a phone that this customer is signed in on; None is nobody."""
    return isinstance(caller, Service) or owner is None or owner == caller.customer_id


def label_of(caller: Caller) -> str:
    """Name the caller for the log, without anything personal."""
    return caller.key_id if isinstance(caller, Service) else "ticket"
