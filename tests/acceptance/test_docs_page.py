"""The page that shows the API, in a real browser, against the real edge."""

from pathlib import Path

import pytest

from app.http.routes import ROUTES
from events.postgres.pool import Pool
from events.sealing import Keyring
from tests.acceptance.chromium import FOUND, chromium
from tests.integration.http_api import running_api

LIVE = "document.querySelector('#operations-service-get_live"


@pytest.mark.skipif(FOUND is None, reason="this machine has no Chromium")
async def test_the_page_shows_every_route_and_tries_one(pool: Pool, keyring: Keyring, tmp_path: Path) -> None:
    """Under its policy, with nothing from elsewhere, and nothing to complain of."""
    async with running_api(pool, keyring) as api, chromium(tmp_path) as tab:
        address = f"http://127.0.0.1:{api.port}"
        await tab.open(f"{address}/docs")
        shown = await tab.until(f"document.querySelectorAll('.opblock').length === {len(ROUTES)} && document.title")
        await tab.until(f"({LIVE} button').click(), true)")
        await tab.until(f"({LIVE} .try-out__btn').click(), true)")
        await tab.until(f"({LIVE} .execute').click(), true)")
        answered = await tab.until(f"{LIVE} .live-responses-table tbody .response-col_status').innerText.trim()")

    asked = {each for each in tab.requests if not each.startswith(("data:", "blob:"))}
    files = ("docs", "docs/docs.js", "docs/swagger-ui-bundle.js", "docs/swagger-ui.css", "openapi.json", "livez")
    assert (shown, answered) == ("Lockstep API", "200")
    assert asked == {f"{address}/{each}" for each in files}
    assert tab.complaints == []
