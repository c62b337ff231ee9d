"""The receiver that `docs/webhooks.md` shows, as it stands there, is told by the real sender."""

import asyncio
import re
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest

from app.webhooks.webhook import Resend
from tests.integration.dispatching import Apns, dispatcher, work
from tests.integration.flow import Flow
from tests.integration.receiving import SECRET, Receiver, deliver, deliverers, listen, webhooks_of

DOCUMENT: Final = Path(__file__).resolve().parents[2] / "docs/webhooks.md"


async def test_the_receiver_of_the_document_takes_what_is_signed_and_nothing_else(
    owing: Flow, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It prints a fact once, however often that comes, and refuses what another secret has signed."""
    [code] = re.findall(r"^```python\n(.*?)^```", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)
    there: dict[str, Any] = {"__name__": "receiver"}
    exec(code, there)  # noqa: S102 - it is our own document
    there["Receiver"].log_message = lambda *_: None
    server = ThreadingHTTPServer(("127.0.0.1", 0), there["Receiver"])
    running = threading.Thread(target=server.serve_forever)
    running.start()
    try:
        receiver = Receiver(url=f"http://127.0.0.1:{server.server_port}/")
        await listen(owing, receiver)
        await listen(owing, receiver, "stranger", secret=None)
        await work(dispatcher(owing, Apns()))
        await deliver(*deliverers(owing))
        [delivered] = await webhooks_of(owing).deliveries("shop", state="delivered", limit=9)
        await webhooks_of(owing).resend("shop", Resend(id=delivered.id))
        await deliver(*deliverers(owing))
        [again] = await webhooks_of(owing).deliveries("shop", state=None, limit=9)
        [refused] = await webhooks_of(owing).deliveries("stranger", state=None, limit=9)
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()
        running.join()

    assert [each.status for each in again.log] == [204, 204]
    assert refused.log[0].status == 401
    assert capsys.readouterr().out.count("card.started order-1 Apple accepted the push that starts the card.\n") == 1
