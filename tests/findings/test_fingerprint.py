"""Fingerprints: stable, keyed, unambiguous; the key file is private and made once."""

import multiprocessing
import pickle
import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequester.episodes.guarded import GuardedText
from sequester.errors import ConfigError, UsageError
from sequester.findings.fingerprint import FingerprintKey, ephemeral_key, whole_id, workspace_key

KEY = FingerprintKey(bytes(range(32)))


def test_an_id_is_stable_whatever_form_the_text_is_held_in():
    expected = "3f8b435d110ec81b2353041b20f29018"
    for held in ("abc", b"abc", memoryview(b"abc")):
        assert KEY.fingerprint("SQ101", "judge", GuardedText(held)) == expected


def test_another_key_gives_another_id():
    span = GuardedText("abc")
    assert ephemeral_key().fingerprint("SQ101", "j", span) != ephemeral_key().fingerprint("SQ101", "j", span)


TRIPLE = st.tuples(*[st.text(alphabet="ab\x00", max_size=3)] * 3)


@settings(max_examples=200, deadline=None)
@given(TRIPLE, TRIPLE)
def test_different_findings_have_different_ids(a, b):
    ids = [KEY.fingerprint(rule, path, GuardedText(span)) for rule, path, span in (a, b)]
    assert (ids[0] == ids[1]) == (a == b)


def test_lone_surrogates_have_a_fingerprint():
    assert KEY.fingerprint("SQ101", "path\ud800", GuardedText("x\udfff"))


def test_the_secret_is_not_shown():
    assert repr(KEY) == f"<fingerprint key {KEY.key_id}>"
    assert bytes(range(32)).hex()[:8] not in KEY.key_id


def test_made_once_and_private(tmp_path):
    first = workspace_key(tmp_path / "keys")
    assert workspace_key(tmp_path / "keys").key_id == first.key_id
    assert stat.S_IMODE((tmp_path / "keys" / "fingerprint.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["fingerprint.key"]


def _key_id(directory):
    return workspace_key(directory).key_id


def test_processes_that_start_at_once_agree(tmp_path):
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert len(set(pool.map(_key_id, [tmp_path / "keys"] * 6, chunksize=1))) == 1


def test_a_key_that_others_can_read_is_refused(tmp_path):
    workspace_key(tmp_path)
    (tmp_path / "fingerprint.key").chmod(0o644)
    with pytest.raises(ConfigError, match="open to others") as caught:
        workspace_key(tmp_path)
    assert "chmod 600" in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"00", b"zz" * 32, b"\xff" * 64, b"00" * 33])
def test_what_is_not_a_key_is_refused(tmp_path, content):
    path = tmp_path / "fingerprint.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="not a fingerprint key") as caught:
        workspace_key(tmp_path)
    assert pickle.loads(pickle.dumps(caught.value)).hint == caught.value.hint


def test_a_link_or_a_directory_is_refused(tmp_path):
    workspace_key(tmp_path / "real")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "fingerprint.key").symlink_to(tmp_path / "real" / "fingerprint.key")
    with pytest.raises(ConfigError, match="cannot be used"):
        workspace_key(tmp_path / "linked")
    (tmp_path / "folder" / "fingerprint.key").mkdir(parents=True)
    with pytest.raises(ConfigError):
        workspace_key(tmp_path / "folder")


def test_an_abbreviated_id_stands_for_the_only_one_it_fits():
    ids = ["3f09", "3fa0", "77"]
    assert whole_id("3F0", [*ids, "3f09"], "here") == "3f09"
    assert whole_id("77", ids, "here") == "77"
    assert whole_id("77", [*ids, "7700"], "here") == "77"


@pytest.mark.parametrize(
    ("start", "says"), [("", "an empty id"), (" ", "an empty id"), ("9", "no finding"), ("3f", "2 findings .*: 3f09, 3fa0$")]
)
def test_an_abbreviation_of_none_or_of_several_is_refused(start, says):
    with pytest.raises(UsageError, match=says) as caught:
        whole_id(start, ["3f09", "3fa0", "77"], "here")
    assert caught.value.hint


def test_of_many_candidates_a_few_are_listed():
    with pytest.raises(UsageError, match=r"1,000 findings .* and 992 more"):
        whole_id("0", [f"{number:04d}" for number in range(1000)], "here")
