"""A film that is sent and made ready: a card with a bar that moves."""

from datetime import datetime
from typing import Annotated, ClassVar

from msgspec import Meta, Struct
from msgspec.structs import replace

from events.fact import Fact, Key, Moment, PersonalText, Text
from projections.definition import CardDefinition
from projections.layout import PhoneLayout, PictureBlock, ProgressBlock, RowBlock, TextBlock, TimeBlock
from projections.own_view import OwnView
from projections.steps import Step

Percent = Annotated[int, Meta(ge=0, le=100)]


class UploadStarted(Fact, frozen=True, kw_only=True):
    """The first bytes are there."""

    TYPE: ClassVar[str] = "upload.started"

    customer_id: Key
    file_name: PersonalText | None
    size_bytes: Annotated[int, Meta(ge=1, le=2**53 - 1)]


class UploadProgressed(Fact, frozen=True, kw_only=True):
    """More of it is there."""

    TYPE: ClassVar[str] = "upload.progressed"

    percent: Percent
    expected_at: Moment | None = None


class UploadFinished(Fact, frozen=True, kw_only=True):
    """All of it is there."""

    TYPE: ClassVar[str] = "upload.finished"


class UploadFailed(Fact, frozen=True, kw_only=True):
    """It broke off for good."""

    TYPE: ClassVar[str] = "upload.failed"

    reason: Text


class Upload(Struct, frozen=True):
    """What a card shows of it, beside the status and the progress, which Lockstep keeps."""

    file_name: PersonalText | None = None
    size_bytes: int = 0
    reason: str | None = None


def evolve(upload: Upload, fact: Fact, _at: datetime) -> Upload:
    """Give what is known after one more fact."""
    match fact:
        case UploadStarted():
            return Upload(fact.file_name, fact.size_bytes)
        case UploadFailed():
            return replace(upload, reason=fact.reason)
        case _:
            return upload


class UploadAttributes(Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """What a card is started with and keeps."""

    card_id: Annotated[str, Meta(max_length=36)]
    upload_id: Annotated[str, Meta(max_length=128)]
    megabytes: int


class UploadContent(Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """What changes on it; times are whole Unix seconds."""

    status: Annotated[str, Meta(max_length=16)]
    file_name: Annotated[str, Meta(max_length=80)] | None = None
    percent: Percent
    done_at: int | None = None
    reason: Annotated[str, Meta(max_length=120)] | None = None
    updated_at: int


def render(view: OwnView) -> UploadContent:
    """Give what changes on the card."""
    upload: Upload = view.state
    return UploadContent(
        status=view.status,
        file_name=None if upload.file_name is None else upload.file_name[:80],
        percent=view.progress_percent,
        done_at=None if view.next_expected_at is None else int(view.next_expected_at.timestamp()),
        reason=None if upload.reason is None else upload.reason[:120],
        updated_at=0 if view.updated_at is None else int(view.updated_at.timestamp()),
    )


def render_attributes(view: OwnView, *, card_id: str, subject_id: str) -> UploadAttributes:
    """Give what the card keeps."""
    return UploadAttributes(card_id=card_id, upload_id=subject_id, megabytes=view.state.size_bytes // 1_000_000)


LAYOUT = PhoneLayout(
    lock_screen=(
        RowBlock((PictureBlock(symbol="film"), TextBlock("{contentState.fileName}", "headline"))),
        TextBlock("{contentState.status}", words=True),
        ProgressBlock("{contentState.percent}", whole=100),
        TextBlock("{contentState.reason}", "caption"),
        TimeBlock("{contentState.doneAt}", "countdown", label="Ready in"),
        TextBlock("{attributes.megabytes} MB", "caption"),
    ),
    compact_leading=PictureBlock(symbol="film"),
    compact_trailing=TextBlock("{contentState.percent} %"),
    minimal=ProgressBlock("{contentState.percent}", whole=100),
    expanded=(
        TextBlock("{contentState.fileName}", "headline"),
        ProgressBlock("{contentState.percent}", whole=100),
    ),
    words={"finished": "Ready to watch", "failed": "Not sent"},
)

CARD = CardDefinition(
    kind="upload",
    facts=(UploadStarted, UploadProgressed, UploadFinished, UploadFailed),
    steps={
        "upload.started": Step("started", rank=1),
        "upload.progressed": Step("under_way", progress_of=lambda fact: fact.percent),
        "upload.finished": Step("finished", 100, rank=2, terminal=True),
        "upload.failed": Step("failed", rank=3, terminal=True),
    },
    state=Upload,
    evolve=evolve,
    attributes_type="UploadAttributes",
    attributes=UploadAttributes,
    content_state=UploadContent,
    render=render,
    render_attributes=render_attributes,
    layout=LAYOUT,
    alerts={
        "upload.started": "Your film is on its way.",
        "upload.finished": "Your film is ready.",
        "upload.failed": "Your film could not be sent.",
    },
    otherwise="There is news of your film.",
    title=lambda _: "Upload",
)
