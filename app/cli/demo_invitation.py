"""What a demo says of itself: on the screen, and in a file for other terminals."""

import os
import re
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FILE: Final = "env"
YOUR_PHONE: Final = "your-phone"
CUSTOMER: Final = "you"


@dataclass(frozen=True)
class Invitation:
    """How to take part in a demo.

    Attributes:
        url: The service's.
        link: Opens the console once.
        api_key: May do everything.
        order: The id of an order that is the guest's to place.
        control_url: Where the phones are steered.
        folder: The demo's.
        settings: What else a command must be told, by variable.
    """

    url: str
    link: str
    api_key: str
    order: str
    control_url: str
    folder: Path
    settings: dict[str, str]

    def __str__(self) -> str:
        """Give the words: every line that is indented works as it stands, in whatever folder."""
        return f"""
Open the console in a browser by this link, which works once:
  {self.link}
or at {self.url} with the key
  {self.api_key}

In a second terminal, join in: place an order, let something happen to it, ask
why {YOUR_PHONE} shows what it shows, and get another link to the console:
  . {shlex.quote(str(self.folder.absolute() / FILE))}
  curl -H "$AUTH" -H "$JSON" $ORDER/events -d '{{"type":"order.placed",
    "data":{{"customerId":"{CUSTOMER}","merchantName":"Trattoria"}}}}'
  curl -H "$AUTH" -H "$JSON" $ORDER/events -d '{{"type":
    "order.courier_assigned","data":{{"courierName":"Ada"}}}}'
  lockstep order explain {self.order}
  lockstep console open
"""

    def write(self) -> None:
        """Write what a shell reads, for its user alone: it holds the key."""
        program = Path(sys.executable).parent
        values = {
            **self.settings,
            "LOCKSTEP_DATA_DIRECTORY": str(self.folder.absolute()),
            "KEY": self.api_key,
            "AUTH": f"Authorization: Bearer {self.api_key}",
            "JSON": "Content-Type: application/json",
            "CUSTOMER": CUSTOMER,
            "PHONE": f"{self.control_url}/phones/{YOUR_PHONE}",
            "ORDER": f"{self.url}/v1/orders/{self.order}",
        }
        lines = [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
        path = self.folder / FILE
        path.touch(0o600)
        path.write_text("\n".join((f"export PATH={shlex.quote(str(program))}:$PATH", *lines, "")), encoding="utf-8")


@dataclass(frozen=True)
class Kept:
    """What stays as it was at the start before, so that lines that were copied then go on working.

    Attributes:
        api_key: None at the first start.
        control_port: Any, where it is 0.
    """

    api_key: str | None
    control_port: int


def kept_in(folder: Path) -> Kept:
    """Read what the start before has written."""
    path = folder / FILE
    written = path.read_text(encoding="utf-8") if path.is_file() else ""
    key = re.search(r"^export KEY=(\S+)$", written, re.MULTILINE)
    port = re.search(rf"^export PHONE=http://[^/]+:(\d+)/phones/{YOUR_PHONE}$", written, re.MULTILINE)
    return Kept(key[1] if key else None, int(port[1]) if port else 0)


def program() -> str:
    """Give what one types to call us: the name alone where the shell finds it, or else the path."""
    here = Path(sys.executable).with_name("lockstep")
    found = shutil.which("lockstep")
    if not here.exists() or (found and Path(found).samefile(here)):
        return "lockstep"
    below = os.path.relpath(here)
    return shlex.quote(below if len(below) < len(str(here)) else str(here))
