"""Uploads, as data: a kind of its own, `app.demo.upload_card`, beside the orders that Lockstep knows by itself."""

from app.demo.scenario import Cast
from app.demo.steps import AwaitAnswers, AwaitCard, Dismiss, Install, Say, SayAgain, SayTogether, Step, Story
from app.simulator.behaviour import Behaviour

UPLOAD = "upload"
FILMS = ("Wedding.mov", "Первый шаг 🎬.mp4", "عطلة.mov", "Ελλάδα 2026.mp4")


def tell_uploads(seed: int) -> list[Story]:
    """Give the stories; the seed chooses who orders beside them."""
    return [_sent(), _stumbles(), _broken_off(), _early(), _swiped_away(), _never_allowed(), _beside_an_order(seed)]


def _started(film: str, customer: str, *, title: int = 0, minutes_ago: float = 0.0) -> Say:
    data = {"customerId": customer, "fileName": FILMS[title], "sizeBytes": 734_003_200}
    return Say(kind=UPLOAD, order=film, type="started", data=data, minutes_ago=minutes_ago)


def _at(film: str, percent: int, *, minutes_ago: float = 0.0) -> Say:
    return Say(kind=UPLOAD, order=film, type="progressed", data={"percent": percent}, minutes_ago=minutes_ago, after=2)


def _finished(film: str) -> Say:
    return Say(kind=UPLOAD, order=film, type="finished")


def _sent() -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="ada", customer="ada"),
        _started("film", "ada"),
        AwaitCard(phone="ada", order="film", token=True),
        *(_at("film", percent) for percent in (5, 20, 45, 70, 95)),
        AwaitCard(phone="ada", order="film", status="under_way"),
        _finished("film"),
    )
    return Story(title="A film is sent, and its bar moves.", steps=steps)


def _stumbles() -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="ben", customer="ben"),
        _started("stumbling", "ben", title=1, minutes_ago=9),
        _at("stumbling", 60, minutes_ago=1),
        AwaitCard(phone="ben", order="stumbling", token=True),
        _at("stumbling", 30, minutes_ago=5),
        SayAgain(order="stumbling"),
        _at("stumbling", 61),
    )
    return Story(title="News of a film comes late and twice; its bar never goes back.", steps=steps)


def _broken_off() -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="cleo", customer="cleo"),
        _started("broken", "cleo", title=2),
        AwaitCard(phone="cleo", order="broken", token=True),
        _at("broken", 40),
        Say(kind=UPLOAD, order="broken", type="failed", data={"reason": "The phone has lost its connection."}),
        _at("broken", 50),
    )
    return Story(title="A film cannot be sent; what comes after that changes nothing.", steps=steps)


def _early() -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="dina", customer="dina"),
        SayTogether(events=(_at("early", 10, minutes_ago=3), _at("early", 25, minutes_ago=2))),
        _started("early", "dina", title=3, minutes_ago=4),
        AwaitCard(phone="dina", order="early", status="under_way", token=True),
        _at("early", 80),
    )
    return Story(title="Progress is heard of before the film itself.", steps=steps)


def _swiped_away() -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="emil", customer="emil"),
        _started("unwatched", "emil"),
        AwaitCard(phone="emil", order="unwatched", token=True),
        Dismiss(phone="emil", order="unwatched"),
        AwaitAnswers(phone="emil"),
        _at("unwatched", 90),
    )
    return Story(title="The card of a film is swiped away, and stays away.", steps=steps)


def _never_allowed() -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="fay", customer="fay", behaviour=Behaviour(allow="never")),
        _started("untold", "fay"),
        AwaitCard(phone="fay", order="untold"),
        _at("untold", 30),
    )
    return Story(title="Nobody taps Allow: the card stays as it was started.", steps=steps)


def _beside_an_order(seed: int) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="gus", customer="gus"),
        Cast(seed).placed("meal", "gus"),
        _started("beside", "gus"),
        AwaitCard(phone="gus", order="meal", token=True),
        AwaitCard(phone="gus", order="beside", token=True),
        _at("beside", 50),
        Say(order="meal", type="accepted"),
        Say(kind=UPLOAD, order="meal", type="finished"),
        Say(order="beside", type="delivered"),
    )
    return Story(title="An order and a film side by side; neither hears the events of the other.", steps=steps)
