"""Let the judge of pictures look at phones that are right, and at phones that are wrong."""

from typing import Any, Final

import pytest

from app.demo.gallery import Version, paint
from app.demo.images_judge import judge_pictures
from app.demo.oracle import expect_each
from tests.unit.app.demo.histories import NOON, placed

OLD: Final = Version("roma", "a" * 64, fetched=True)
NEW: Final = Version("roma", "b" * 64, fetched=True)
TOKEN: Final = "aa"
LOG: Final = [placed(imageKey="roma")]


def judged(
    shows: str,
    *has: Version,
    manifest: dict[str, list[Version]],
    update_token: str | None = TOKEN,
    late: bool = False,
    **behaviour: Any,
) -> list[str]:
    """Judge a phone with one card and these pictures."""
    [stage] = expect_each("o-1", LOG)
    card = {
        "subject": "o-1", "state": "active", "endedBy": None, "byPush": True,
        "updateToken": update_token, "channelId": None,
        "attributes": {"cardId": "c", "orderId": "o-1", "merchantName": "Noodle Bar"},
        "content": stage.content | {"imageKey": shows, "freshness": "fresh"},
    }  # fmt: skip
    usual = {
        "iosVersion": "18.1", "activitiesEnabled": True, "lowPower": False, "fetchesPictures": True,
        "storageBytes": None,
    }  # fmt: skip
    phone = {
        "id": "p", "customerId": "anna", "behaviour": usual | behaviour, "cards": [card], "forceQuit": False,
        "pictures": [{"ref": each.ref} for each in has], "failedPictures": {},
    }  # fmt: skip
    return judge_pictures(phone, {"o-1": expect_each("o-1", LOG)}, NOON, manifest, late=late)


def test_a_card_shows_the_newest_version_that_its_phone_has() -> None:
    """A picture that is not there is wrong, and so is a placeholder where one is there."""
    both = {"roma": [OLD, NEW]}

    assert judged(NEW.ref, OLD, NEW, manifest=both) == []
    assert len(judged(OLD.ref, OLD, NEW, manifest=both)) == 1
    assert len(judged("placeholder", OLD, NEW, manifest=both)) == 1
    assert len(judged(NEW.ref, OLD, manifest=both)) == 2, "it refers to what is not there, and lacks it"
    assert judged("roma", manifest={}) == [], "the app brings it along"
    assert judged("placeholder", OLD, manifest={"roma": []}) == [], "it was withdrawn"


@pytest.mark.parametrize("behaviour", [{}, {"fetchesPictures": False}, {"storageBytes": 1}])
def test_a_phone_that_could_have_a_picture_is_to_have_it(behaviour: dict[str, Any]) -> None:
    """Not one of an old app, nor one without room."""
    assert len(judged("placeholder", manifest={"roma": [NEW]}, **behaviour)) == (0 if behaviour else 1)


def test_a_card_without_a_token_may_show_what_it_was_started_with() -> None:
    """Any version, or the placeholder; but no bare key, unless that came into the manifest later."""
    manifest = {"roma": [OLD, NEW]}

    assert judged("placeholder", NEW, update_token=None, manifest=manifest) == []
    assert judged(OLD.ref, NEW, update_token=None, manifest=manifest) == []
    assert len(judged("roma", NEW, update_token=None, manifest=manifest)) == 1
    assert judged("roma", NEW, update_token=None, manifest=manifest, late=True) == []
    assert len(judged("roma", NEW, manifest=manifest, late=True)) == 1


def test_a_painted_picture_is_a_png_of_its_own() -> None:
    """Each name has its colour."""
    assert paint("one").startswith(b"\x89PNG\r\n\x1a\n")
    assert paint("one") != paint("two")
