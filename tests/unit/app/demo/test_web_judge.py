"""The judge of tracking pages: it lets what is right pass, and names whatever is not."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from app.demo.oracle import Expected
from app.demo.web_judge import PageReading, judge_page
from tests.examples.events import NOON

CONTENT = {"status": "ready", "progress": 0.5, "history": []}
STATE = {"phase": "open", "status": "ready", "freshness": "fresh", "contentState": {**CONTENT, "updatedAt": 7}}
EXPECTED = Expected(
    over=False, status="ready", customer_id="anna", show_at=None, content=CONTENT, attributes={}, recorded_at=NOON
)
PAGE = PageReading(name="p", order_id="o", permitted=True, word="open", state=STATE)
REFUSED = replace(PAGE, permitted=False, word="unknown", state=None)


def judged(page: PageReading, expected: Expected = EXPECTED) -> list[str]:
    """Judge a page right after the news."""
    return judge_page(page, {"o": [expected]}, NOON + timedelta(seconds=1))


def test_a_page_that_is_right_passes() -> None:
    """Open, over, refused."""
    over = replace(EXPECTED, over=True)

    assert judged(PAGE) == []
    assert judged(replace(PAGE, word="closed", state={**STATE, "phase": "over"}), over) == []
    assert judged(REFUSED) == []


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (replace(PAGE, state=None), "was told nothing"),
        (replace(PAGE, state={**STATE, "contentState": {**CONTENT, "progress": 1}}), "shows progress 1"),
        (replace(PAGE, state={**STATE, "freshness": "stale"}), "its news is stale"),
        (replace(PAGE, state={**STATE, "phase": "over"}), "says phase 'over', should say 'open'"),
        (replace(PAGE, state={**STATE, "status": "placed"}), "says status 'placed'"),
        (replace(REFUSED, word="open"), "not theirs"),
        (replace(REFUSED, state=STATE), "not theirs"),
    ],
)
def test_a_page_that_is_wrong_is_told(page: PageReading, said: str) -> None:
    """Each by what is otherwise."""
    [text] = judged(page)

    assert text.startswith("page p of order o: ")
    assert said in text


def test_a_page_of_what_is_over_has_no_line() -> None:
    """Nothing follows, so nobody waits."""
    state: dict[str, Any] = {**STATE, "phase": "over"}

    assert judged(replace(PAGE, state=state), replace(EXPECTED, over=True)) == [
        "page p of order o: still has a line that is open"
    ]
