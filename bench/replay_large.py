"""The same as `replay` with ten million events; some twenty minutes, most of them to fill the log."""

from bench.replay import measure
from bench.report import Figure


async def run(*, quick: bool) -> list[Figure]:
    """Measure."""
    return await measure((1_000_000 if quick else 10_000_000,))
