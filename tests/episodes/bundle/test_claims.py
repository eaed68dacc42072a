"""What a bundle's footers claim, and nobody should trust."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sequester.episodes.bundle.claims import checked_footer, is_sealed
from sequester.errors import BundleError, LimitExceeded


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"", "empty"), (b"PAR1" + b"\x00" * 20, "truncated"), (b"PAR1\x8c\x00\x00\x03\x00\x00\x00PAR1", "columns are encrypted")],
)
def test_a_damaged_footer_is_a_bundle_error(tmp_path, content, problem):
    path = tmp_path / "x.parquet"
    path.write_bytes(content)
    with pytest.raises(BundleError, match=problem) as caught:
        checked_footer(path, "episodes")
    assert caught.value.where == str(path)
    assert not is_sealed(path)


def test_what_cannot_be_read_is_not_sealed_but_an_error(tmp_path):
    with pytest.raises(BundleError, match="cannot be read"):
        is_sealed(tmp_path / "absent.parquet")


def test_many_values_in_a_few_bytes_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "x.parquet"
    monkeypatch.setattr("sequester.episodes.bundle.claims.GROUP_BYTES", 1 << 20)
    pq.write_table(pa.table({"ids": pa.array([[0] * 150_000], pa.list_(pa.int64()))}), path)
    assert path.stat().st_size < 10_000
    with pytest.raises(LimitExceeded, match="decodes to more than"):
        checked_footer(path, "reasoning")
