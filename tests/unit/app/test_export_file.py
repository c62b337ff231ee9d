"""An export's file is whole or not there, and what a killed process left can be gone on with."""

from pathlib import Path

import pytest

from app.errors import ExportFileError
from app.export_file import ExportFile
from events.exporter import Position

LINES = [b'{"subject":"order-%d","version":%d}\n' % (n // 2, 1 + n % 2) for n in range(4)]
KIND = "all"


def left(folder: Path) -> list[str]:
    """Name what stands in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    """Until then it stands beside under another name, and nobody else may read it."""
    out = tmp_path / "orders.jsonl"
    file = ExportFile.begin(out, kind=KIND)
    file.write(LINES[0])
    before = left(tmp_path)
    file.finish()

    assert before == ["orders.jsonl.all.partial"]
    assert left(tmp_path) == ["orders.jsonl"]
    assert out.read_bytes() == LINES[0]
    assert out.stat().st_mode & 0o777 == 0o600


def test_an_export_is_gone_on_with_wherever_it_was_cut(tmp_path: Path) -> None:
    """For each number of bytes that reached the disk the file ends the same, and no line is half."""
    whole = b"".join(LINES)
    positions = [None, *(Position(f"order-{n // 2}", 1 + n % 2) for n in range(4))]
    for size in range(len(whole) + 1):
        out = tmp_path / f"{size}.jsonl"
        ExportFile.begin(out, kind=KIND).leave()
        (tmp_path / f"{size}.jsonl.all.partial").write_bytes(whole[:size])
        file = ExportFile.resume(out, kind=KIND)
        lines = whole[:size].count(b"\n")
        for line in LINES[lines:]:
            file.write(line)
        file.finish()

        assert file.after == positions[lines]
        assert out.read_bytes() == whole


def test_nothing_is_written_over(tmp_path: Path) -> None:
    """Neither a file that is there, nor one that came meanwhile, nor what another export left."""
    out = tmp_path / "orders.jsonl"
    file = ExportFile.begin(out, kind=KIND)
    with pytest.raises(ExportFileError, match="--resume"):
        ExportFile.begin(out, kind=KIND)
    out.write_bytes(b"mine")
    with pytest.raises(ExportFileError, match="is there by now"):
        file.finish()
    with pytest.raises(ExportFileError, match="another name"):
        ExportFile.begin(out, kind="other")

    assert out.read_bytes() == b"mine"


def test_only_an_export_of_the_same_kind_is_gone_on_with(tmp_path: Path) -> None:
    """What holds personal values does not go on without them; other files are no exports."""
    out = tmp_path / "orders.jsonl"
    ExportFile.begin(out, kind=KIND).leave()
    with pytest.raises(ExportFileError, match="nothing to go on with"):
        ExportFile.resume(out, kind="other")
    (tmp_path / "orders.jsonl.all.partial").write_bytes(b"no JSON\n")
    with pytest.raises(ExportFileError, match="does not hold an export"):
        ExportFile.resume(out, kind=KIND)
