"""The viewer of the API's document that is in the repository: which one it is, and that nobody has changed it."""

from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest

VIEWER: Final = Path(__file__).resolve().parents[2] / "app/http/viewer"
SWAGGER_UI_5_35_0: Final = {
    "swagger-ui-bundle.js": "e6a898692f2d768e807c3ba4626068a69a2c5dd960dd6c76f3e4d3a3de180af2",
    "swagger-ui-bundle.js.LICENSE.txt": "37eb6e7e59aed57b2c1acf076574b818ea07b74265717e0bd67b59e0baf9abbb",
    "swagger-ui.css": "5ed08757e53da3e026d6cbecc61fe5d43585c9560b302d534ad56692519a273d",
}
"""Files of the package swagger-ui-dist 5.35.0, as they come."""


@pytest.mark.parametrize("name", SWAGGER_UI_5_35_0)
def test_a_file_of_the_viewer_is_as_it_was_published(name: str) -> None:
    """Its hash is the one that was looked at when it was put in."""
    assert sha256((VIEWER / name).read_bytes()).hexdigest() == SWAGGER_UI_5_35_0[name]


def test_the_licence_of_the_viewer_comes_with_it() -> None:
    """Apache 2.0 asks for it, and for the notice."""
    assert "Apache License" in (VIEWER / "LICENSE.swagger-ui").read_text(encoding="utf-8")
    assert (VIEWER / "NOTICE.swagger-ui").exists()
