"""What an Android phone shows of a subject: the fields of a Live Update of Android 16. The law is `docs/android.md`.

Rules (Android, "Create progress-centric notifications", "Live Updates"): such a notification has a title, is ongoing
and of the progress style. The progress runs from 0 to the sum of the segments' lengths, 100 without segments. The chip
in the status bar shows a text of up to seven characters whole.
"""

from typing import Final

from msgspec import Struct

from projections.web_face import WebFace

WHOLE: Final = 100
MOST_SEGMENTS: Final = 10
MOST_POINTS: Final = 10
TITLE_CHARACTERS: Final = 80
TEXT_CHARACTERS: Final = 240
CHIP_CHARACTERS: Final = 7


class AndroidSegment(Struct, frozen=True, rename="camel", omit_defaults=True):
    """A part of the bar: its length, at least 1, and its colour as `#RRGGBB`."""

    length: int
    color: str | None = None


class AndroidPoint(Struct, frozen=True, rename="camel", omit_defaults=True):
    """A mark on the bar."""

    position: int
    color: str | None = None


class AndroidFace(Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """A Live Update.

    Attributes:
        title: `setContentTitle`.
        text: `setContentText`.
        short_critical_text: Of the chip; None shows the time, where there is one.
        progress: Whole steps of the bar; None shows no bar.
        when: What is counted down to, Unix seconds.
        ongoing: Whether it goes on; a notification that does not may be swiped away.
    """

    title: str
    text: str | None = None
    short_critical_text: str | None = None
    progress: int | None = None
    segments: tuple[AndroidSegment, ...] = ()
    points: tuple[AndroidPoint, ...] = ()
    when: int | None = None
    ongoing: bool = True


def plain_android(page: WebFace, *, over: bool) -> AndroidFace:
    """Give a Live Update that says what a page says."""
    texts = (page.title if page.headline else None, page.text)
    progress = None if page.progress is None else round(page.progress * WHOLE)
    return bounded_android(
        AndroidFace(
            title=page.headline or page.title,
            text=" · ".join(each for each in texts if each) or None,
            short_critical_text=None if progress is None or over else f"{progress}%",
            progress=progress,
            when=None if over else next((each.at for each in page.lines if each.at is not None), None),
            ongoing=not over,
        )
    )


def bounded_android(face: AndroidFace) -> AndroidFace:
    """Give a Live Update within what a notification takes: texts are cut, and the bar ends at its end."""
    segments = tuple(each for each in face.segments if each.length > 0)[:MOST_SEGMENTS]
    whole = sum(each.length for each in segments) or WHOLE
    points = sorted((each for each in face.points if 0 <= each.position <= whole), key=lambda each: each.position)
    return AndroidFace(
        title=_cut(face.title, TITLE_CHARACTERS),
        text=None if face.text is None else _cut(face.text, TEXT_CHARACTERS),
        short_critical_text=None if face.short_critical_text is None else face.short_critical_text[:CHIP_CHARACTERS],
        progress=None if face.progress is None else min(max(int(face.progress), 0), whole),
        segments=segments,
        points=tuple(points[:MOST_POINTS]),
        when=face.when,
        ongoing=face.ongoing,
    )


def _cut(text: str, characters: int) -> str:
    return text if len(text) <= characters else text[: characters - 1] + "…"
