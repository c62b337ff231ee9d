"""A subject's events folded again and compared with the view that was stored: what a comparison finds, and how."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import asyncpg
import msgspec
from msgspec.structs import replace

from events.errors import LockstepError, SecretKeyError
from events.sealing import Keyring, unseal
from projections.definition import ORDER
from projections.errors import MissingEventError
from projections.found import Found, found
from projections.order_view import FOLD_VERSION
from projections.refold import Refold
from projections.registry import CARDS
from projections.view import Made, View, decode_view, encode_view, fingerprint_of, made_by
from projections.view_store import view_context

_read_object = msgspec.json.Decoder(dict[str, Any]).decode
_CARD_VERSION: Final = "cardVersion"


class Difference(msgspec.Struct, frozen=True, rename="camel"):
    """A subject whose live view is not the fold of its events.

    Attributes:
        version: The view's, at which the two were compared.
        paths: JSON pointers to the fields of the view that differ; `/events` if the log itself has gaps.
    """

    subject_id: str
    version: int
    paths: tuple[str, ...]


class OtherFold(msgspec.Struct, frozen=True, rename="camel"):
    """Views that another fold version made, of Lockstep or of the definition of a kind.

    Attributes:
        fold_version: That version.
        orders: How many they are.
        unlike: How many of them this release would fold to something else.
    """

    fold_version: int
    orders: int
    unlike: int
    kind: str = ORDER


class Verified(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What a comparison found in some slots.

    Attributes:
        orders: Subjects that were looked at.
        events: Events that were folded.
        different: Subjects whose view is not the fold of their events.
        behind: Subjects with events that their view does not have yet.
        quarantined: Subjects set aside, which are not compared.
        archived: Subjects whose events have left, which are not compared.
        later: Subjects whose view has events that were recorded later than asked for, which are not compared.
        erased: Subjects that were erased after the version of their view, which are not compared.
        other_folds: Views that another version folded, by kind and version.
    """

    slots: int = 0
    orders: int = 0
    events: int = 0
    different: Found[Difference] = Found()
    behind: Found[str] = Found()
    quarantined: Found[str] = Found()
    archived: int = 0
    later: int = 0
    erased: int = 0
    other_folds: tuple[OtherFold, ...] = ()

    @property
    def same(self) -> bool:
        """Whether every view that was compared is the fold of its events."""
        return not self.different.count

    def __add__(self, other: "Verified") -> "Verified":
        """Give what both found."""
        return Verified(
            slots=self.slots + other.slots,
            orders=self.orders + other.orders,
            events=self.events + other.events,
            different=self.different + other.different,
            behind=self.behind + other.behind,
            quarantined=self.quarantined + other.quarantined,
            archived=self.archived + other.archived,
            later=self.later + other.later,
            erased=self.erased + other.erased,
            other_folds=_together(self.other_folds + other.other_folds),
        )


def _together(folds: tuple[OtherFold, ...]) -> tuple[OtherFold, ...]:
    sums: dict[tuple[str, int], OtherFold] = {}
    for each in folds:
        place = (each.kind, each.fold_version)
        one = sums.get(place, OtherFold(each.fold_version, 0, 0, each.kind))
        sums[place] = replace(one, orders=one.orders + each.orders, unlike=one.unlike + each.unlike)
    return tuple(sums[place] for place in sorted(sums))


class Tally:
    """What has been found in a slot so far.

    Args:
        made_by: The fold version of its views.
    """

    def __init__(self, made_by: int) -> None:
        self._made_by = made_by
        self.orders = self.events = self.archived = self.later = self.erased = self.compared = 0
        self.different: list[Difference] = []
        self.behind: list[str] = []
        self.quarantined: list[str] = []
        self.outdated: list[OtherFold] = []

    def verified(self) -> Verified:
        """Give what was found."""
        mine = self._made_by == FOLD_VERSION
        other = OtherFold(self._made_by, self.compared, len(self.different))
        return Verified(
            slots=1,
            orders=self.orders,
            events=self.events,
            different=found(self.different) if mine else Found(),
            behind=found(self.behind),
            quarantined=found(self.quarantined),
            archived=self.archived,
            later=self.later,
            erased=self.erased,
            other_folds=_together((*self.outdated, *(() if mine or not self.compared else (other,)))),
        )


class Comparison:
    """A subject while its events are folded again.

    Args:
        row: Of `scan_subjects`, or with the same columns.
        keyring: Opens personal values.
    """

    def __init__(self, row: asyncpg.Record | Mapping[str, Any], keyring: Keyring) -> None:
        self._row = row
        self._keyring = keyring
        self._id: str = row["subject_id"]
        self._wanted: int = row["view_version"] or 0
        self._compared = not (row["quarantined"] or row["archived"])
        self._refold = Refold(self._id, self._wanted, row["wrapped"], keyring)

    def take(self, rows: Iterable[Any]) -> None:
        """Fold some more of its events, up to the version of its view."""
        if self._compared:
            self._refold.take(rows)

    @property
    def whole(self) -> bool:
        """Whether all of its events could be folded, once it was judged."""
        return self._refold.failure is None

    def judge(self, tally: Tally) -> None:
        """Compare its view with the fold, and count it."""
        row, refold = self._row, self._refold
        tally.orders += 1
        if row["quarantined"]:
            tally.quarantined.append(self._id)
            return
        if row["archived"]:
            tally.archived += 1
            return
        refold.end()
        tally.events += refold.folded
        if self._wanted < (row["head_version"] or 0):
            tally.behind.append(self._id)
        if refold.is_later:
            tally.later += 1
        elif refold.erased_later:
            # what the view of an earlier version showed can be folded by nobody
            tally.erased += 1
        elif self._wanted and (made := self._outdated()) is not None:
            tally.outdated.append(OtherFold(made.card_version, 1, int(self._is_unlike()), made.kind))
        elif self._wanted:
            tally.compared += 1
            paths = self._differences()
            if paths:
                tally.different.append(Difference(self._id, self._wanted, paths))

    def _outdated(self) -> Made | None:
        """Tell which version of its definition made the view, if it was not the one that is here."""
        try:
            made = made_by(self._row["state"])
        except msgspec.DecodeError:
            return None
        if made.kind == ORDER or not CARDS.knows(made.kind):
            return None
        return None if made.card_version == CARDS.own_kind(made.kind).version else made

    def _is_unlike(self) -> bool:
        """Tell whether the version that is here folds the view to something else."""
        if self._refold.failure is not None:
            return True
        state, personal = encode_view(self._refold.view)
        ours, theirs = (_read_object(each) for each in (state, self._row["state"]))
        ours.pop(_CARD_VERSION, None)
        theirs.pop(_CARD_VERSION, None)
        return ours != theirs or personal != self._stored_personal()

    def _differences(self) -> tuple[str, ...]:
        failure, view = self._refold.failure, self._refold.view
        if isinstance(failure, MissingEventError):
            return ("/events",)
        if failure is not None:
            return (f"/ (the fold fails: {type(failure).__name__})",)
        row, (state, personal) = self._row, encode_view(view)
        columns = (row["customer_id"], row["status"], row["over"])
        stored_personal = self._stored_personal()
        if (
            row["fingerprint"] == fingerprint_of(state, personal, self._keyring.hash)
            and row["state"] == state
            and stored_personal == personal
            and columns == (view.customer_id, view.status, view.over)
        ):
            return ()
        return self._paths(row["state"], stored_personal, columns) or ("/fingerprint",)

    def _stored_personal(self) -> bytes | None:
        sealed, key = self._row["sealed"], self._refold.data_key
        if sealed is None or key is None:
            return None
        try:
            return unseal(key, sealed, context=view_context(self._id))
        except SecretKeyError:
            return b"(cannot be opened)"

    def _paths(self, state: bytes, personal: bytes | None, columns: tuple[Any, ...]) -> tuple[str, ...]:
        """Name the fields that differ, by their names in JSON."""
        try:
            stored = decode_view(state, personal)
        except (msgspec.DecodeError, ValueError, LockstepError):
            return ("/",)
        view = self._refold.view
        paths = list(unlike_fields(stored, view))
        names = ("customerId", "status", "over")
        ours = (view.customer_id, view.status, view.over)
        paths += [f"/{n}" for n, a, b in zip(names, columns, ours, strict=True) if a != b and f"/{n}" not in paths]
        return tuple(paths)


def unlike_fields(stored: View, folded: View) -> Iterator[str]:
    """Give a JSON pointer to each field in which two views differ."""
    if type(stored) is not type(folded):
        yield "/kind"
        return
    for field in msgspec.structs.fields(type(stored)):
        if getattr(stored, field.name) != getattr(folded, field.name):
            yield f"/{field.encode_name}"
