"""One made-up episode in every form in which interchange JSONL can hold it."""

from __future__ import annotations

from typing import Any

COT = "The keeper counted seven gulls before the fog rolled in. Two more may have sat behind the rail, so I say seven."
LATER = "The log book says seven as well. Then seven it is, and I need not look at the harbour again."
ANSWER = "There were seven gulls on the rail."
QUESTION = "How many gulls sat on the rail?"
CHAT = [{"role": "user", "content": QUESTION}]


def _completion(completion: str | list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    return {"reasoning": ..., "answer": ..., "completion": completion} | changes


def _message(content: Any, **others: Any) -> list[dict[str, Any]]:
    return [{"role": "assistant", "content": content} | others]


FORMS: dict[str, dict[str, Any]] = {
    "reasoning and answer": {},
    "reasoning and answer of a chat": {"prompt": CHAT},
    "think tags": _completion(f"<think>\n{COT}\n</think>\n\n{ANSWER}"),
    "think tags in a message": _completion(_message(f"<think>{COT}</think>{ANSWER}"), prompt=CHAT),
    "text of a chat": _completion(f"<think>{COT}</think>{ANSWER}<|im_end|>", prompt=CHAT),
    "prefilled opener": _completion(f"{COT}\n</think>\n\n{ANSWER}", prompt=f"{QUESTION}\n<think>\n", template="qwen3"),
    "closer only": _completion(f"{COT}</think>\n{ANSWER}"),
    "harmony": _completion(
        f"<|channel|>analysis<|message|>{COT}<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}<|return|>"
    ),
    "magistral": _completion(f"[THINK]{COT}[/THINK]{ANSWER}</s>", template="magistral"),
    "minimax": _completion(f"<mm:think>\n{COT}\n</mm:think>\n\n{ANSWER}", template="minimax"),
    "gemma": _completion(f"<|channel>thought\n{COT}<channel|>{ANSWER}<turn|>", template="gemma"),
    "granite phrases": _completion(f"Here is my thought process: {COT}\nHere is my response: {ANSWER}", template="granite"),
    "interleaved": _completion(f"<think>{COT}</think>Let me look.\n<think>{LATER}</think>{ANSWER}"),
    "typed field": _completion(_message(ANSWER, reasoning_content=COT), prompt=CHAT),
    "typed field under two names": _completion(
        _message(ANSWER, reasoning=COT, reasoning_details=[{"type": "reasoning.text", "text": COT}]), prompt=CHAT
    ),
    "typed parts": _completion(
        _message([{"type": "thinking", "thinking": COT, "signature": "s"}, {"type": "text", "text": ANSWER}]), prompt=CHAT
    ),
    "messages of several turns": _completion(
        [
            *_message(None, reasoning=COT, tool_calls=[{"function": {"name": "look", "arguments": '{"at": "rail"}'}}]),
            {"role": "tool", "content": "seven"},
            *_message(ANSWER, reasoning=LATER),
        ],
        prompt=CHAT,
    ),
    "segments of one turn": {
        "reasoning": ...,
        "answer": ...,
        "segments": [
            {"turn": 0, "channel": "reasoning", "text": COT},
            {"turn": 0, "channel": "answer", "text": ANSWER},
        ],
    },
    "segments of several turns": {
        "reasoning": ...,
        "answer": ...,
        "segments": [
            {"turn": 0, "channel": "reasoning", "text": COT},
            {"turn": 0, "channel": "tool_call", "text": 'look {"at": "rail"}'},
            {"turn": 0, "channel": "tool_result", "text": "seven"},
            {"turn": 1, "channel": "reasoning", "text": LATER},
            {"turn": 1, "channel": "answer", "text": ANSWER},
        ],
    },
}


def line(**changes: Any) -> dict[str, Any]:
    """A line of interchange JSONL; a change to `...` leaves the key out."""
    base = {"episode_id": "e1", "prompt": QUESTION, "reasoning": COT, "answer": ANSWER}
    return {key: value for key, value in (base | changes).items() if value is not ...}
