"""Webhooks without a network: where they may go, how they are signed, and what an attempt means."""

from ipaddress import ip_address, ip_network

import pytest

from app.webhooks.address import AddressRules, fault_of_url, is_allowed
from app.webhooks.attempt import RETRIES, Verdict, WebhookRules, judge_attempt
from app.webhooks.errors import WebhookError
from app.webhooks.signature import make_secret, read_secret, signed_headers
from app.webhooks.webhook import Resend, WebhookRequest, refuse_unfit, refuse_vague
from tests.examples.events import NOON

STRICT = AddressRules()
OURS = AddressRules(http=True, networks=[ip_network("10.1.0.0/16"), ip_network("fd00::/8")])


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "192.168.1.1",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - that it is refused is the claim
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "64:ff9b:1::7f00:1",
        "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "fec0::1",
        "192.0.0.192",
        "168.63.129.16",
    ],
)
def test_what_is_not_public_is_not_called(address: str) -> None:
    """Our own host, our networks, the cloud's metadata, and all of those within an address of IPv6."""
    assert not is_allowed(ip_address(address), STRICT)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_the_public_internet_is_called(address: str) -> None:
    """Whatever its form."""
    assert is_allowed(ip_address(address), STRICT)


def test_a_network_of_ones_own_is_called_where_a_setting_names_it() -> None:
    """And the one beside it is not."""
    allowed = [is_allowed(ip_address(each), OURS) for each in ("10.1.2.3", "::ffff:10.1.2.3", "fd12::1", "10.2.0.1")]

    assert allowed == [True, True, True, False]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://example.com/", "LOCKSTEP_WEBHOOK_HTTP"),
        ("file:///etc/passwd", "https://"),
        ("https://10.1.0.1/", "LOCKSTEP_WEBHOOK_NETWORKS"),
        ("https://[::1]/", "LOCKSTEP_WEBHOOK_NETWORKS"),
        ("https://user:word@example.com/", "password"),
        ("https://example.com/#there", "fragment"),
        ("https:///there", "host"),
        ("https://example.com:port/", "URL"),
        ("https://example.com/a b", "ASCII"),
        ("https://example.com/" + "a" * 2_048, "2048"),
    ],
)
def test_an_unfit_url_is_refused_with_the_fix(url: str, says: str) -> None:
    """Before anything is looked up."""
    assert says in (fault_of_url(url, STRICT) or "")


def test_every_fault_of_a_webhook_is_named() -> None:
    """By the field that it is in."""
    asked = WebhookRequest(url="http://x", types=("card.begun",), secret="whsec_c2hvcnQ=", overlap_seconds=-1)
    with pytest.raises(WebhookError) as raised:
        refuse_unfit("Shop!", asked, STRICT)

    assert [each.pointer for each in raised.value.faults] == ["/name", "/url", "/types", "/overlapSeconds", "/secret"]


@pytest.mark.parametrize(
    "asked",
    [
        Resend(),
        Resend(id="cf_1_1_x", dead=True),
        Resend(dead=True, until=NOON),
        Resend(since=NOON.replace(tzinfo=None)),
    ],
)
def test_what_is_to_be_sent_again_is_to_be_said(asked: Resend) -> None:
    """One fact, what was given up, or a span, whose times name their offset."""
    with pytest.raises(WebhookError):
        refuse_vague(asked)


def test_a_signature_is_that_of_the_standard() -> None:
    """The example that the libraries of Standard Webhooks are tested with."""
    headers = signed_headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        b'{"test": 2432232314}',
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )

    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_two_secrets_sign_side_by_side() -> None:
    """Each has its own signature, with a space between them."""
    old, new = make_secret(lambda n: b"o" * n), make_secret(lambda n: b"n" * n)
    both = signed_headers("cf_1", 1, b"{}", [new, old])["webhook-signature"]

    assert both.split(" ") == [signed_headers("cf_1", 1, b"{}", [each])["webhook-signature"] for each in (new, old)]
    assert len(read_secret(old)) == 32


def test_deliveries_are_tried_by_the_schedule_of_the_standard() -> None:
    """Ten times in three days and a bit; then the delivery is dead."""
    verdicts = [
        judge_attempt(500, None, attempt=n, failures=n - 1, retry_after=None, jitter=0.0, rules=WebhookRules())
        for n in range(1, 11)
    ]

    assert [each.again_seconds for each in verdicts] == [*RETRIES, None]
    assert sum(RETRIES) == 75 * 3_600 + 35 * 60 + 5
    assert [each.is_dead for each in verdicts] == [False] * 9 + [True]
    assert [each.hold_seconds for each in verdicts] == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]


def test_an_answer_is_judged_by_its_status() -> None:
    """2xx takes it; a redirect does not; 410 says that nobody listens; Retry-After is heard, up to an hour."""

    def judge(status: int | None, retry_after: str | None = None) -> Verdict:
        return judge_attempt(
            status, None if status else "No answer came.", attempt=1, failures=0, retry_after=retry_after, jitter=1.0,
            rules=WebhookRules(),
        )  # fmt: skip

    assert judge(204) == Verdict()
    assert judge(302) == Verdict("The answer was 302.", 5.5, 1.0)
    assert judge(410).unwanted
    assert judge(None).error == "No answer came."
    assert [judge(429, each).hold_seconds for each in ("30", "99999", "soon", None)] == [30, 3_600, 1, 1]
