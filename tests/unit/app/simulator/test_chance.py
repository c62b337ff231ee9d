"""Draw from a seed."""

from collections import Counter

from app.simulator.chance import CALM, LIVELY, Chance


def test_the_same_seed_draws_the_same() -> None:
    """Two runs from one seed are the same run."""
    first, second = (Chance("7:phone-1") for _ in range(2))

    assert [first.token(), first.identifier(), first.between((0, 1))] == [
        second.token(),
        second.identifier(),
        second.between((0, 1)),
    ]


def test_the_usual_mix_holds_the_difficult_phones() -> None:
    """Never-Allow and force-quit are part of the mix, as a minority."""
    chance = Chance("7")
    drawn = [chance.behaviour() for _ in range(1000)]
    allows = Counter(behaviour.allow for behaviour in drawn)

    assert allows["now"] > 700
    assert allows["never"] > 30
    assert 50 < sum(behaviour.force_quit for behaviour in drawn) < 200


def test_a_profile_can_be_hastened() -> None:
    """Scaling multiplies every delay and leaves the rest; calm stays instant."""
    hastened = LIVELY.scaled(0.5)

    assert (hastened.delivery_seconds, hastened.repeat_probability) == ((0.0, 0.04), LIVELY.repeat_probability)
    assert Chance("1").between(CALM.scaled(9).call_seconds) == 0.0
