"""Places and room among the requests under way."""

import pytest

from app.http.admission import MEBIBYTE, Admission
from app.http.limits import HttpLimits
from app.http.problems import ProblemError


def test_who_leaves_gives_everything_back() -> None:
    """A place and all the room that its bodies took; and what was never taken is not given."""
    admission = Admission(HttpLimits(requests=1, bodies_mib=1))
    place = admission.enter()
    place.hold(MEBIBYTE - 1)
    with pytest.raises(ProblemError, match="Too many"):
        admission.enter()
    with pytest.raises(ProblemError, match="Too many"):
        place.hold(2)
    place.leave()
    place.leave()

    assert (admission.requests, admission.held_bytes) == (0, 0)
