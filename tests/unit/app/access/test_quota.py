"""How a quota is told."""

from app.access.quota import Allowance, Quota, TicketQuota, allowance, refusal

QUOTA = Quota(requests=600, window=60)


def test_a_policy_is_a_structured_list_of_one() -> None:
    """A string with whole parameters, as the draft wants it."""
    assert QUOTA.policy == '"key";q=600;w=60'


def test_what_is_left_comes_with_the_time_until_all_of_it_is_there() -> None:
    """590 of 600 at ten a second: one second; nothing: a minute. There is always at least a second."""
    assert [allowance(QUOTA, left).limit for left in (599, 590.7, 0)] == [
        '"key";r=599;t=1', '"key";r=590;t=1', '"key";r=0;t=60',
    ]  # fmt: skip


def test_a_refusal_names_the_time_of_the_next_request() -> None:
    """Whole seconds, rounded up, and none is left."""
    seldom = Quota(requests=2, window=60)
    assert (refusal(seldom, 0.0), refusal(seldom, 0.5)) == (Allowance(-1, 30), Allowance(-1, 15))
    assert refusal(QUOTA, 0.0).limit == '"key";r=0;t=1'
    assert not refusal(QUOTA, 0.0).is_granted


def test_a_small_quota_is_drawn_one_by_one_and_a_large_one_by_the_hundredth() -> None:
    """So that what processes hold is never much of it."""
    assert [Quota(requests=each).block for each in (1, 199, 600, 600_000)] == [1, 1, 6, 6_000]


def test_a_ticket_has_a_tenth_of_its_quota_from_each_process() -> None:
    """The rest is drawn by the tenth, and refills beside it, so that both together give the quota in a window."""
    quota = TicketQuota()
    assert (quota.policy, quota.credit, quota.shared, quota.block) == ('"ticket";q=600;w=60', 60, 540, 60)
    assert quota.a_second * quota.window + quota.credit == quota.requests
    assert [allowance(quota, left).limit for left in (599.9, 0)] == ['"ticket";r=599;t=1', '"ticket";r=0;t=60']
    assert refusal(quota, 0.1).limit == '"ticket";r=0;t=1'
    few = TicketQuota(requests=5)
    assert (few.credit, few.shared, few.block) == (0, 5, 1)
