"""Takes phones and running cards over from another backend, line by line of a file.

Rules:
    A phone comes in three steps: the phone without its start tokens, then its cards, then its tokens. So a process that
    stops in the middle, or an order that moves meanwhile, never makes Lockstep start a card beside one that is there.
    Each step may be repeated: a file that was stopped in the middle is simply run again, and a later file changes what
    it knows more of.
    A line that is refused keeps no other line back.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from app.devices.cards_of_others import move_cards_of_others
from app.takeover.card_rows import CardRows, Place
from app.takeover.judgement import CardVerdict, Fate, KnownPhone, PhoneVerdict, judge_phone
from app.takeover.line import LONGEST_LINE, MovingCard, MovingPhone, read_line, time_faults
from app.takeover.phone_rows import PhoneRows
from events.errors import DocumentError, Fault
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.sealing import Keyring
from projections.erased_customers import read_erased
from projections.plan_rules import PlanRules

BATCH: Final = 500


class CardReport(msgspec.Struct, frozen=True, rename="camel"):
    """What became of a card of a line."""

    subject: str
    fate: Fate
    why: str


class LineReport(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What became of a line.

    Attributes:
        line: Its number, from 1.
        device_id: The phone's id here; None where the line could not be read.
        faults: What is wrong with it; nothing is taken of such a line.
    """

    line: int
    fate: Fate
    why: str
    device_id: str | None = None
    cards: tuple[CardReport, ...] = ()
    faults: tuple[Fault, ...] = ()


class _Numbered(NamedTuple):
    number: int
    phone: MovingPhone


class _Judged(NamedTuple):
    """A line under the phone's id here."""

    number: int
    phone: MovingPhone
    verdict: PhoneVerdict


class PhoneImporter:
    """Takes lines over.

    Every method raises StoreUnavailableError while Postgres is away; the lines may be read again from the first.

    Args:
        pool: Connections; one is used at a time.
        keyring: Seals tokens and opens views.
        dry_run: Say what would become of lines, and write nothing.
        batch: Phones that are written together.
    """

    def __init__(self, pool: Pool, keyring: Keyring, *, dry_run: bool = False, batch: int = BATCH) -> None:
        self._pool = pool
        self._phones = PhoneRows(pool, keyring)
        self._cards = CardRows(pool, keyring)
        self._dry_run = dry_run
        self._batch = batch
        self._rules = PlanRules()
        self._line = 0
        self._held: _Numbered | None = None

    async def take(self, lines: Iterator[bytes]) -> list[LineReport] | None:
        """Take the next lines over, and tell what became of each; None when there are no more.

        Args:
            lines: What is left of the file; up to a batch is taken from it.
        """
        batch, reports = self._read(lines)
        if not batch and not reports:
            return None
        with translated():
            return sorted([*reports, *await self._take(batch)], key=lambda each: each.line)

    def _read(self, lines: Iterator[bytes]) -> tuple[list[_Numbered], list[LineReport]]:
        """Read a batch, or until a phone or a token comes again: that is judged by what is stored then."""
        batch, reports, seen = list[_Numbered](), list[LineReport](), set[object]()
        held, self._held = self._held, None
        if held is not None:
            batch.append(held)
            seen.update(self._names(held.phone))
        for text in lines:
            self._line += 1
            if not text.strip():
                continue
            try:
                read = _Numbered(self._line, read_line(text.rstrip(b"\r\n")))
            except DocumentError as error:
                cut = len(text) <= LONGEST_LINE and not text.endswith(b"\n")
                why = "the file ends in the middle of this line: take a whole one" if cut else "it cannot be read"
                reports.append(LineReport(self._line, Fate.REFUSED, why, faults=error.faults))
                continue
            names = self._names(read.phone)
            if not seen.isdisjoint(names):
                self._held = read
                break
            seen |= names
            batch.append(read)
            if len(batch) + len(reports) >= self._batch:
                break
        return batch, reports

    def _names(self, phone: MovingPhone) -> set[object]:
        return {phone.device_id, *self._phones.tokens_of(phone).values()}

    async def _take(self, batch: Sequence[_Numbered]) -> list[LineReport]:
        if not batch:
            return []
        known, tokens, now = await self._phones.known([each.phone for each in batch])
        erased = await read_erased(
            self._pool, {name for each in batch if (name := each.phone.device.customer_id) is not None}
        )
        judged = list[_Judged]()
        reports = list[LineReport]()
        for each, here, held in zip(batch, known, tokens, strict=True):
            faults = (
                time_faults(each.phone, now, self._rules)
                or _app_faults(each.phone, here)
                or _erased_faults(each.phone, erased)
            )
            if faults:
                why = "it cannot be so"
                reports.append(LineReport(each.number, Fate.REFUSED, why, each.phone.device_id, faults=tuple(faults)))
                continue
            verdict = judge_phone(each.phone, here, held)
            judged.append(_Judged(each.number, replace(each.phone, device_id=verdict.device_id), verdict))
        foreseen = await self._take_cards(judged, now, dry_run=True)
        if self._dry_run:
            return [*reports, *map(_report, judged, foreseen)]
        whole = [each for each, cards in zip(judged, foreseen, strict=True) if not _faults_of(cards)]
        reports += [_report(*each) for each in zip(judged, foreseen, strict=True) if _faults_of(each[1])]
        # of the others something later is known
        latest = [each.phone for each in whole if not each.verdict.told_later]
        stored = await self._phones.store(latest)
        for _, phone, verdict in whole:
            if not verdict.told_later:
                await move_cards_of_others(self._pool, verdict.other_ids, phone.device_id, verdict.customer_id)
        taken = await self._take_cards(whole, now, dry_run=False)
        refused = {each.phone.device_id for each, cards in zip(whole, taken, strict=True) if _faults_of(cards)}
        await self._phones.store_tokens([each for each in latest if each.device_id not in refused], stored - refused)
        return [*reports, *map(_report, whole, taken)]

    async def _take_cards(self, judged: Sequence[_Judged], now: datetime, *, dry_run: bool) -> list[list[CardVerdict]]:
        """Take the cards of lines over, and give the verdicts of each line."""
        there = [(index, card) for index, each in enumerate(judged) for card in each.phone.cards]
        # of one order the card that was started first is the first generation, wherever it stands
        order = sorted(range(len(there)), key=lambda place: there[place][1].started_at)
        verdicts = await self._cards.take(
            [_place(judged[there[place][0]], there[place][1]) for place in order], now, dry_run=dry_run
        )
        found = dict(zip(order, verdicts, strict=True))
        in_lines = iter([found[place] for place in range(len(there))])
        return [list(islice(in_lines, len(each.phone.cards))) for each in judged]


def _place(line: _Judged, card: MovingCard) -> Place:
    device = line.phone.device
    return Place(card, line.phone.device_id, line.verdict.customer_id, device.app, device.environment)


def _app_faults(phone: MovingPhone, known: KnownPhone | None) -> list[Fault]:
    """Name what keeps a phone from being the one that goes by its id here."""
    device = phone.device
    if known is None or (known.app, known.environment) == (device.app, device.environment):
        return []
    if known.told_at <= phone.registered_at:
        return []
    detail = (
        f"is a phone of {known.app} in {known.environment} here, and has told so later; tokens are good for one app in "
        "one environment: leave the line out"
    )
    return [Fault("/deviceId", detail)]


def _erased_faults(phone: MovingPhone, erased: Mapping[str, datetime]) -> list[Fault]:
    """Name what keeps a phone from coming back with a customer who was erased since it told of itself."""
    asked_at = erased.get(phone.device.customer_id or "")
    if asked_at is None or asked_at < phone.registered_at:
        return []
    detail = "is of a customer who was erased here since: leave the line out, and take it out of your files"
    return [Fault("/device/customerId", detail)]


def _faults_of(verdicts: Sequence[CardVerdict]) -> tuple[Fault, ...]:
    """Give what is wrong with the cards of a line."""
    return tuple(
        Fault(f"/cards/{index}{each.fault.pointer}", each.fault.detail)
        for index, each in enumerate(verdicts)
        if each.fault is not None
    )


def _report(line: _Judged, verdicts: Sequence[CardVerdict]) -> LineReport:
    faults, phone, verdict = _faults_of(verdicts), line.phone, line.verdict
    cards = tuple(
        CardReport(card.subject, each.fate, each.why) for card, each in zip(phone.cards, verdicts, strict=True)
    )
    if faults:
        why = "a card of it cannot be taken over, so neither is the phone: it would get another"
        return LineReport(line.number, Fate.REFUSED, why, phone.device_id, cards, faults)
    return LineReport(line.number, verdict.fate, verdict.why, phone.device_id, cards)
