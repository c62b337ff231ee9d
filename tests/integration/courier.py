"""A dispatcher whose APNs says yes to everything, and that looks at each push before it goes."""

from collections import Counter
from collections.abc import Mapping, Sequence

from app.apns.request import Environment
from app.apns.settlement import settle_sent, settle_unsent
from app.apns.verdict import Outcome, Verdict
from projections.card import Kind, Settlement
from projections.card_store import Claimed, PhoneWithToken
from projections.choice import Send
from projections.face import Face, face_of
from projections.plan import plan
from projections.plan_rules import PlanRules
from projections.view_store import ViewStore
from tests.integration.flow import Flow

YES = Verdict(outcome=Outcome.ACCEPTED, why="yes")


class Courier:
    """Plans and settles what is due.

    Args:
        flow: The other stages.
        signed_in: Who uses the phone that a token is valid on, by the token's first word; kept by the test.
    """

    def __init__(self, flow: Flow, signed_in: Mapping[str, str | None]) -> None:
        self._flow, self._signed_in = flow, signed_in
        self.sent: Counter[Kind] = Counter()

    async def dispatch(self) -> None:
        """Bring cards to where their views are, until none is due."""
        for _ in range(5):
            claimed = await self._flow.claim()
            if not claimed:
                return
            await self._flow.cards.settle(await self._settlements(claimed), [])

    async def _settlements(self, claimed: Sequence[Claimed]) -> list[Settlement]:
        async with self._flow.pool.acquire() as connection:
            views = await ViewStore(self._flow.keyring).read(
                connection, sorted({each.card.subject_id for each in claimed})
            )
            phones = await self._flow.cards.read_phones(connection, [each.card for each in claimed])
        faces = {
            subject_id: face_of(stored.view, self._flow.keyring.hash, stored.heard_at)
            for subject_id, stored in views.items()
        }
        return [
            self._settlement(
                each,
                faces.get(each.card.subject_id),
                phones.get((each.card.device_id, each.card.attributes_type)),
            )
            for each in claimed
        ]

    def _settlement(self, claimed: Claimed, face: Face | None, phone: PhoneWithToken | None) -> Settlement:
        card = claimed.card
        decided = plan(face, card, None if phone is None else phone.phone, claimed.now, PlanRules())
        version = 0 if face is None else face.version
        if not isinstance(decided, Send):
            return settle_unsent(card, decided, version, claimed.now)
        if decided.with_content:
            starts = decided.kind is Kind.START and phone is not None
            self._look(phone.token_sealed if starts and phone is not None else claimed.token_sealed, face)
        else:
            assert (decided.kind, decided.alert) == (Kind.END, None)
        self.sent[decided.kind] += decided.with_content
        return settle_sent(
            card,
            decided,
            YES,
            version=version,
            content_hash=face.content_hash if face is not None and decided.with_content else None,
            token_hash=card.token_hash,
            now=claimed.now,
            rules=PlanRules(),
            answer_lost=False,
            said="an answer",
            environment=Environment.SANDBOX,
        )

    def _look(self, sealed: bytes | None, face: Face | None) -> None:
        """Invariant 9: whoever uses the phone that the token is valid on is whose order the push tells of."""
        assert sealed is not None
        assert face is not None
        if self._signed_in:
            user = self._signed_in[bytes.fromhex(self._flow.keyring.open_token(sealed)).decode().partition("/")[0]]
            assert user is not None
            assert user == face.customer_id
