"""Contents that a sender may give, and no layout foresees: the console draws what it can, and never breaks."""

from typing import Any

import pytest

from tests.browser.visit import Visit

_DRAWN = """
async ([block, contentState]) => {
  const { draw } = await import(new URL("console/drawing.js", document.baseURI));
  const drawn = draw([block], { contentState, attributes: {}, words: { ready: "Done" } });
  return drawn.map((each) => each.textContent).join("|");
}
"""
STATUS = {"show": "text", "value": "{contentState.status}", "style": "body", "words": True}
TIME = {"show": "time", "value": "{contentState.at}", "style": "clock", "label": "Until"}
STEPS = {"show": "steps", "value": "{contentState.history}", "most": 3}


@pytest.mark.parametrize(
    ("block", "content", "text"),
    [
        (STATUS, {"status": "ready"}, "Done"),
        (STATUS, {"status": "constructor"}, "Constructor"),
        (STATUS, {"status": ["ready", "on_its_way"]}, "Done, On its way"),
        (STATUS, {"status": {"a": 1}}, ""),
        (TIME, {"at": 1e18}, ""),
        (
            STEPS,
            {"history": [None, "x", {"step": "ready", "at": "noon"}, {"step": "toString", "at": 1e18}]},
            "DoneTo string",
        ),
        (STEPS, {"history": {"step": "ready"}}, ""),
    ],
)
async def test_odd_contents_are_drawn(visit: Visit, block: Any, content: Any, text: str) -> None:
    """A word that JavaScript knows, a list in words, records, times beyond all calendars, steps that are none."""
    await visit.page.goto(f"{visit.world.service.url}/")

    assert await visit.page.evaluate(_DRAWN, [block, content]) == text
    await visit.is_calm()
