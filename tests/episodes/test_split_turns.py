"""Several turns in one sampled text, by the headers that templates write between them, and blocks that are closed by something odd."""

from __future__ import annotations

import pytest

from sequester.episodes.model import Channel, SplitStatus
from sequester.episodes.splitter import split_text

FIRST, SECOND, THEIRS, ANSWER = "Nine crates, twice.", "They doubt it, so recount.", "Are you sure?", "Eleven."
KNOWN = {
    "chatml": "<|im_end|>\n<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n",
    "chatml, CRLF": "<|im_end|>\r\n<|im_start|>user\r\n{}<|im_end|>\r\n<|im_start|>assistant\r\n",
    "chatml, names": "<|im_end|>\n<|im_start|>user name=bob\n{}<|im_end|>\n<|im_start|>assistant name=x\n",
    "phi": "<|im_end|><|im_start|>user<|im_sep|>{}<|im_end|><|im_start|>assistant<|im_sep|>",
    "llama 3": "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n{}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    "llama 4": "<|eot|><|header_start|>user<|header_end|>\n\n{}<|eot|><|header_start|>assistant<|header_end|>\n\n",
    "deepseek": "<｜end▁of▁sentence｜><｜User｜>{}<｜Assistant｜>",
    "deepseek, no end": "<｜User｜>{}<｜Assistant｜>",
    "glm": "<|user|>\n{}<|assistant|>\n",
    "mistral": "</s>[INST]{}[/INST]",
    "gemma 3": "<end_of_turn>\n<start_of_turn>user\n{}<end_of_turn>\n<start_of_turn>model\n",
    "gemma 4": "<turn|>\n<|turn>user\n{}<turn|>\n<|turn>model\n",
    "granite": "<|end_of_text|>\n<|start_of_role|>user<|end_of_role|>{}<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>",
    "minimax": "[e~[\n]~b]user name=bob\n{}[e~[\n]~b]ai name=MiniMax\n",
    "kimi": "<|im_end|><|im_user|>bob<|im_middle|>{}<|im_end|><|im_assistant|>Kimi<|im_middle|>",
    "exaone": "[|endofturn|]\n[|user|]\n{}[|endofturn|]\n[|assistant|]\n",
    "cohere": "<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|USER_TOKEN|>{}<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>",
    "seed": "<seed:eos><seed:bos>user\n{}<seed:eos><seed:bos>assistant\n",
}
STRIPPED = {
    "role words": "\nuser\n{}\nassistant\n",
    "labels": "\n\nHuman: {}\n\nAssistant: ",
    "reserved tokens": "<SPECIAL_12>\n<SPECIAL_11>User\n{}\n<SPECIAL_11>Assistant\n",
    "unknown tokens": "<|EOT|><|BOT|>human\n{}<|EOT|><|BOT|>assistant\n",
    "wide bars": "<｜hy_User｜>{}<｜hy_Assistant｜>",
}
OPENERS = [("<think>\n", "<think>\n"), ("", "<think>\n"), ("<think>\n", ""), ("", "")]
"""Before the first and the second block: the model's own, or the template's, which the log lacks."""


def split(text: str) -> tuple[SplitStatus, dict[Channel, list[str]]]:
    found = split_text(text)
    by_channel: dict[Channel, list[str]] = {}
    for piece in found.pieces:
        by_channel.setdefault(piece.channel, []).append(text[piece.start : piece.end].strip())
    return found.split.status, by_channel


@pytest.mark.parametrize("openers", OPENERS)
@pytest.mark.parametrize("between", KNOWN.values(), ids=KNOWN)
def test_a_header_of_a_known_template_begins_a_turn(between: str, openers: tuple[str, str]) -> None:
    text = f"{openers[0]}{FIRST}\n</think>\n\nTen.{between.format(THEIRS)}{openers[1]}{SECOND}\n</think>\n\n{ANSWER}"
    status, pieces = split(text)
    assert status is SplitStatus.SPLIT
    assert pieces[Channel.REASONING] == [FIRST, SECOND]
    assert pieces[Channel.ANSWER] == ["Ten.", ANSWER]


@pytest.mark.parametrize("between", STRIPPED.values(), ids=STRIPPED)
def test_where_only_roles_are_left_of_a_header_the_split_fails_and_the_answer_before_it_is_no_reasoning(between: str) -> None:
    status, pieces = split(f"{FIRST}\n</think>\n\nTen.{between.format(THEIRS)}{SECOND}\n</think>\n\n{ANSWER}")
    assert status is SplitStatus.SPLIT_FAILED
    assert [SECOND in text for text in pieces[Channel.REASONING]] == [False, True]
    assert pieces[Channel.ANSWER][0].startswith("Ten.") and pieces[Channel.ANSWER][-1] == ANSWER


@pytest.mark.parametrize("opener", ["<think>\n", ""])
@pytest.mark.parametrize("header", ["<|im_start|>assistant/deep\n", "<|im_start|>Bot: ", "<|im_start|>assistant", ""])
def test_reasoning_after_an_unknown_header_is_never_the_prompt(header: str, opener: str) -> None:
    text = f"{FIRST}</think>Ten.<|im_end|>\n<|im_start|>user\n{THEIRS}<|im_end|>\n{header}{opener}{SECOND}</think>{ANSWER}"
    status, pieces = split(text)
    assert status is SplitStatus.SPLIT_FAILED or (header == "<|im_start|>assistant" and opener)
    assert any(SECOND in piece for piece in pieces[Channel.REASONING])


@pytest.mark.parametrize("closer", ["</thinking>", "</think", "/think>", "<think>", "&lt;/think&gt;", "<\\/think>", "＜/think＞"])
def test_what_only_resembles_a_closing_delimiter_fails_the_split_and_ends_the_guess(closer: str) -> None:
    status, pieces = split(f"<think>\n{FIRST}\n{closer}\n\n{ANSWER}")
    assert (status, pieces[Channel.REASONING], pieces[Channel.ANSWER]) == (SplitStatus.SPLIT_FAILED, [FIRST], [ANSWER])


@pytest.mark.parametrize("cut", ["</think", "</thi", "</thinking>", "I write </thinking> later and go on"])
def test_a_block_that_is_cut_off_has_no_odd_closer(cut: str) -> None:
    status, pieces = split(f"<think>\n{FIRST}\n{cut}")
    assert status is SplitStatus.SPLIT and Channel.ANSWER not in pieces


@pytest.mark.parametrize(
    "start", ["<s>", "<bos>", "<|begin_of_text|>", "<｜begin▁of▁sentence｜>You help.<｜User｜>How many?<｜Assistant｜>"]
)
def test_a_block_after_the_tokens_of_a_beginning_is_a_block_at_the_beginning(start: str) -> None:
    status, pieces = split(f"{start}<think>\n{FIRST}\n</think>\n\n{ANSWER}")
    assert (status, pieces[Channel.REASONING], pieces[Channel.ANSWER][-1]) == (SplitStatus.SPLIT, [FIRST], ANSWER)


@pytest.mark.parametrize("answer", ["def total():", "Eleven.", "the sum is eleven."])
@pytest.mark.parametrize("reasoning", ["Nine crates.", "we count nine crates."])
def test_harmony_without_its_tokens_ends_its_reasoning_at_the_last_final(reasoning: str, answer: str) -> None:
    status, pieces = split(f"analysis{reasoning}assistantfinal{answer}")
    assert (status, pieces[Channel.REASONING], pieces[Channel.ANSWER]) == (SplitStatus.SPLIT_FAILED, [reasoning], [answer])
