"""Recorded streams, what today's code folds them to, and in which fields two such results differ."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from events.envelope import RecordedEvent
from projections.content_state import CARD
from projections.face import face_of
from projections.freshness import FreshnessRules
from projections.order_view import EMPTY, FOLD_VERSION, encode_view, fold
from projections.view import fingerprint
from tests.examples.events import KEY
from tests.examples.views import evolve

HERE: Final = Path(__file__).parent / "histories"
NAMES: Final = sorted(path.stem for path in HERE.glob("*.json") if not path.stem.endswith(".folded"))
FOLDED_ANEW: Final = """\
The fold gives other views of the same events. If that is wanted, raise FOLD_VERSION (docs/evolving.md, A changed fold),
and accept it then with LOCKSTEP_WRITE_GOLDEN=1."""
SHOWN_ANEW: Final = """\
Cards show the same events otherwise. If that is wanted, accept it with LOCKSTEP_WRITE_GOLDEN=1 (docs/evolving.md, A
changed card)."""
_ABSENT: Final = object()


def stream(name: str, *, personal: bool = True) -> list[RecordedEvent]:
    """Give the events of a history as the log hands them out.

    Args:
        name: Of the history.
        personal: Whether personal values can be opened.
    """
    return [
        RecordedEvent(
            "order-1",
            each["version"],
            each["source"],
            each["id"],
            each["type"],
            each["schemaVersion"],
            json.dumps(each["data"]),
            json.dumps(each["personal"]).encode() if personal and each["personal"] is not None else None,
            datetime.fromisoformat(each["occurredAt"]),
            datetime.fromisoformat(each["recordedAt"]),
        )
        for each in _read(HERE / f"{name}.json")["events"]
    ]


def looks(name: str) -> list[str]:
    """Give the times at which a history's news is asked how old it is."""
    times: list[str] = _read(HERE / f"{name}.json").get("looks", [])
    return times


def folded_now(name: str) -> dict[str, Any]:
    """Fold a history.

    Returns:
        What its card shows after each event and the fingerprint of the view, the last view as a whole, and how old its
        news was at its looks.
    """
    events = stream(name)
    view, steps = EMPTY, []
    for event in events:
        view = evolve(view, event)
        content = CARD.draw(view) if view.placed else None
        steps.append(
            {
                "version": event.version,
                "type": event.type,
                "contentState": None if content is None else json.loads(content),
                "contentBytes": len(content or b""),
                "view": fingerprint(view, KEY).hex(),
            }
        )
    state, personal = encode_view(view)
    return {
        "foldVersion": FOLD_VERSION,
        "view": json.loads(state),
        "personal": None if personal is None else json.loads(personal),
        "steps": steps,
        "freshness": {moment: freshness_at(events, datetime.fromisoformat(moment)) for moment in looks(name)},
    }


def freshness_at(events: list[RecordedEvent], moment: datetime) -> str:
    """Tell how old the news was at a moment, by what had been recorded."""
    recorded = [each for each in events if each.recorded_at <= moment]
    face = face_of(fold(EMPTY, recorded), KEY, recorded[-1].recorded_at)
    return str(face.age(moment, FreshnessRules()).level)


def golden_of(name: str) -> dict[str, Any] | None:
    """Read what a history folded to when that was accepted last; None for a new one."""
    path = HERE / f"{name}.folded.json"
    return _read(path) if path.exists() else None


def accept(name: str, folded: dict[str, Any]) -> None:
    """Take what a history folds to for what it is to fold to; the file has a line for each step."""
    steps = ",\n".join(f"    {json.dumps(each, ensure_ascii=False)}" for each in folded["steps"])
    text = json.dumps({**folded, "steps": []}, indent=2, ensure_ascii=False)
    text = text.replace('"steps": []', f'"steps": [\n{steps}\n  ]')
    (HERE / f"{name}.folded.json").write_text(f"{text}\n", encoding="utf-8")


def complaint(name: str, golden: dict[str, Any] | None, folded: dict[str, Any]) -> str | None:
    """Say in which fields a history folds otherwise than accepted, and what to do; None where it does not."""
    if golden is None:
        return f"{name} has not been accepted yet: read it, and accept it with LOCKSTEP_WRITE_GOLDEN=1."
    unlike = list(differences(golden, folded))
    if not unlike:
        return None
    advice = FOLDED_ANEW if needs_a_new_fold_version(golden, folded) else SHOWN_ANEW
    return "\n".join([f"{name} folds to something else than it did:", *(f"  {each}" for each in unlike), advice])


def needs_a_new_fold_version(golden: dict[str, Any], folded: dict[str, Any]) -> bool:
    """Tell whether a view after any of the events changed, and the number of the fold did not."""
    was, now = ([step["view"] for step in each["steps"]] for each in (golden, folded))
    return was != now and golden["foldVersion"] == folded["foldVersion"]


def differences(was: Any, now: Any, pointer: str = "") -> Iterator[str]:
    """Name each field that differs by its JSON pointer, with both values."""
    if isinstance(was, dict) and isinstance(now, dict):
        for key in {**was, **now}:
            yield from differences(was.get(key, _ABSENT), now.get(key, _ABSENT), f"{pointer}/{key}")
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for place, (one, other) in enumerate(zip(was, now, strict=True)):
            yield from differences(one, other, f"{pointer}/{place}")
    elif was is _ABSENT or now is _ABSENT or was != now:
        yield f"{pointer}: was {_spelled(was)}, is now {_spelled(now)}"


def _spelled(value: Any) -> str:
    return "absent" if value is _ABSENT else json.dumps(value, ensure_ascii=False)


def _read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document
