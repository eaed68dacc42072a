"""One JSON for a result: ASCII, whole, in the contract's order; nothing that is none is taken for one."""

from __future__ import annotations

import json

import pytest
from tests.findings.examples import finding
from tests.report.results import result

from sequester.episodes.guarded import GuardedText
from sequester.errors import GuardedTextError, InputError
from sequester.findings.encoding import decode_result, encode_result
from sequester.findings.model import RewardMass


@pytest.mark.parametrize("text", ["", "   ", "null", "[]", "{}", '"sequester.audit/1"'])
def test_nothing_is_no_result(text: str) -> None:
    with pytest.raises(InputError, match=r"^here: is no result") as caught:
        decode_result(text, "here")
    assert caught.value.hint


def test_keys_stand_in_the_order_of_the_contract_and_absence_is_null() -> None:
    written = json.loads(encode_result(result(findings=[finding(step=None)])))
    assert list(written)[:4] == ["schema", "tool", "verdict", "scope"]
    assert "class" in written["findings"][0]
    assert written["findings"][0]["step"] is None
    assert written["reward_mass"] is None


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("name", ["e1", "möwe", "\ud800", "\x00", "a\u2028b"])
def test_any_name_survives_as_ascii(name: str, indent: int | None) -> None:
    odd = result(findings=[finding(episode_id=name)])
    text = encode_result(odd, indent)
    assert text.isascii()
    assert decode_result(text, "here") == odd


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_none_is_refused(number: float) -> None:
    with pytest.raises(InputError, match="not finite"):
        encode_result(result(reward_mass=RewardMass(number, 1.0)))


def test_guarded_text_is_refused_by_its_type_and_not_shown() -> None:
    with pytest.raises(GuardedTextError, match=r"^a result cannot hold GuardedText$") as caught:
        encode_result(result(notes=(GuardedText("seven gulls landed"),)))
    assert "gulls" not in f"{caught.value!r} {caught.value.hint}"


def test_another_version_and_another_document_are_told_apart() -> None:
    text = encode_result(result())
    with pytest.raises(InputError, match="of another version") as caught:
        decode_result(text.replace("sequester.audit/1", "sequester.audit/2"), "here")
    assert "sequester.audit/1" in caught.value.hint
    with pytest.raises(InputError, match="is no result of"):
        decode_result(text.replace("sequester.audit/1", "sequester.swap/1"), "here")


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-1],
        lambda text: text.replace('"seen": 0', '"seen": "none"', 1),
        lambda text: text.replace('"nothing_assessed"', '"clean"'),
        lambda text: "[" * 100_000,
    ],
    ids=["cut", "type", "verdict", "deep"],
)
def test_a_damaged_result_is_refused_without_its_values(damage) -> None:
    text = damage(encode_result(result()))
    with pytest.raises(InputError, match=r"^here: is no result of sequester \(\w+\)$"):
        decode_result(text, "here")
