"""The language of segments: what a filter means, and what is said of one that means nothing."""

import pytest

from projections.errors import FilterError
from projections.segment_filter import DEEPEST, LONGEST, Subscriber, parse_filter, takes

PHONE = Subscriber(
    device_id="phone-1",
    app="com.example.shop",
    environment="production",
    ios_version="18.2",
    customer_id="customer-7",
    locale="de_AT",
    tags=frozenset({"beta"}),
    customer_tags=frozenset({"vip", "city:graz"}),
)


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("tag = beta", True),
        ("tag = vip", True),
        ("tag = city:graz", True),
        ("tag != vip", False),
        ("tag in (staff, vip)", True),
        ("tag not in (staff, test)", True),
        ("app = com.example.shop", True),
        ('app = "com.example.shop" and environment = sandbox', False),
        ("locale = de", True),
        ("locale = DE-at", True),
        ("locale = d", False),
        ("locale in (fr, de)", True),
        ("ios = 18", True),
        ("ios = 18.2.0", True),
        ("ios = 18.1", False),
        ("ios >= 18.2", True),
        ("ios >= 18.2.1", False),
        ("ios < 26", True),
        ("ios in (17, 18.2)", True),
        ("customer = customer-7", True),
        ("device in (phone-1)", True),
        ("tag = vip and tag = beta", True),
        ("tag = staff or tag = vip and locale = fr", False),
        ("(tag = staff or tag = vip) and locale = de", True),
        ("not (tag = vip) or not tag = staff", True),
        ("NOT Tag IN (vip)", False),
    ],
)
def test_a_filter_takes_a_phone(text: str, *, taken: bool) -> None:
    """By its tags and its customer's, what it is, and what runs on it."""
    assert takes(parse_filter(text), PHONE) is taken


@pytest.mark.parametrize("text", ["customer = x", "locale = de", "tag = x"])
def test_what_is_not_known_is_not_so(text: str) -> None:
    """A phone without a customer, a locale, tags is taken by the opposite, and by that alone."""
    phone = Subscriber(device_id="phone-1", app="shop", environment="sandbox", ios_version="17.2")

    assert not takes(parse_filter(text), phone)
    assert takes(parse_filter(f"not {text}"), phone)


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("", 1, "expected a field (tag, app, environment, locale, ios, customer, device)"),
        ("colour = red", 1, "expected a field"),
        ("tag vip", 5, 'expected "=", "!=", "in" or "not in"'),
        ("ios vip", 5, 'expected ">=", "<", "="'),
        ("tag not vip", 9, 'expected "in"'),
        ("tag = ", 6, "expected a value"),
        ("tag = and", 7, "expected a value"),
        ('tag = ""', 7, "1 to 155 characters"),
        ("tag in vip", 8, 'expected "("'),
        ("tag in (a, b", 13, 'expected ")"'),
        ("tag = a tag = b", 9, 'expected "and", "or" or the end'),
        ("(tag = a", 9, 'expected ")"'),
        ("ios = new", 7, "expected a version of iOS, as 17.2"),
        ("ios >= 17.2.1.4", 8, "expected a version"),
        ("tag >= 4", 5, 'expected "="'),
        ("locale = dé", 10, "expected a locale"),
        ("environment = moon", 15, "expected sandbox, production or fcm"),
        ('tag = a  or tag = "b', 19, "the quote has no end"),
        ("tag = a > b", 9, "this character stands in no filter"),
        ("(" * (DEEPEST + 2), DEEPEST + 2, f"nested deeper than {DEEPEST}"),
        ("x" * (LONGEST + 1), LONGEST + 1, f"at most {LONGEST} characters"),
    ],
)
def test_a_fault_is_pointed_at(text: str, at: int, says: str) -> None:
    """The place is that of the word that is wrong, and the error says what would be right there."""
    with pytest.raises(FilterError) as raised:
        parse_filter(text)

    assert (raised.value.at + 1, says in raised.value.why) == (at, True), str(raised.value)
