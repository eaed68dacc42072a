"""A real GRPO run of TRL on CPU, small enough for a test: it writes the completions Parquet that the reader is tested on.

    .venv-trl/bin/python -m tests.frameworks.trl_run OUTPUT_DIR [--shape messages|typed|text] [--steps 3]

What is real: `GRPOTrainer` with its own prompt handling, decoding or parsing of completions, reward calls, advantages,
optimiser steps and, above all, its own dump code (`log_completions=True`). No file of the run is written by us.

What is not: the policy is a two-layer Qwen3 with random weights and a byte tokenizer made here, so that nothing is
downloaded. Its own samples would be noise without any reasoning; a `rollout_func` therefore returns written completions,
tokenised with the run's tokenizer, in the shape of Qwen3 (`<think>`, `</think>`, answer, end of turn). One in six is cut
off inside its reasoning, as by a length limit. The loss is computed on them, and the random policy takes real, meaningless
steps.

Shapes: `messages`, conversational prompts decoded plainly (the default of TRL: reasoning inline in `content`); `typed`, the
same with TRL's response template for Qwen3 on the tokenizer, so that it parses `reasoning_content` out; `text`, plain
string prompts.
"""

from __future__ import annotations

import argparse
import os
import random
from pathlib import Path
from typing import Any

os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")

import torch
from datasets import Dataset
from tests.frameworks.written_rollouts import question, written_completion
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM
from trl import GRPOConfig, GRPOTrainer
from trl.chat_template_utils import add_response_schema, qwen3_chat_template

GENERATIONS = 4
PROMPTS_PER_STEP = 2


def make_tokenizer(typed: bool) -> PreTrainedTokenizerFast:
    """Bytes, the ends of a turn as special tokens, and the think tags as ordinary added tokens, as Qwen3 has them."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(models.BPE(vocab={symbol: index for index, symbol in enumerate(alphabet)}, merges=[]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    core.decoder = decoders.ByteLevel()
    core.add_tokens([AddedToken("<think>", special=False), AddedToken("</think>", special=False)])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core, eos_token="<|im_end|>", pad_token="<|pad|>", additional_special_tokens=["<|im_start|>"]
    )
    tokenizer.chat_template = qwen3_chat_template
    return add_response_schema(tokenizer) if typed else tokenizer


def make_policy(tokenizer: PreTrainedTokenizerFast) -> Qwen3ForCausalLM:
    torch.manual_seed(7)
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        max_position_embeddings=1024,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return Qwen3ForCausalLM(config)


class WrittenRollouts:
    """TRL's `rollout_func`: prompts in, token ids out."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, seed: int = 11) -> None:
        self.tokenizer = tokenizer
        self.draw = random.Random(seed)

    def __call__(self, prompts: list[Any], trainer: GRPOTrainer) -> dict[str, list[Any]]:
        out: dict[str, list[Any]] = {"prompt_ids": [], "completion_ids": [], "logprobs": []}
        for prompt in prompts:
            rendered = prompt
            if not isinstance(prompt, str):
                rendered = self.tokenizer.apply_chat_template(prompt, tokenize=False, add_generation_prompt=True)
            text, finished = written_completion(prompt if isinstance(prompt, str) else prompt[-1]["content"], self.draw)
            ids = self.tokenizer(text)["input_ids"] + [self.tokenizer.eos_token_id] * finished
            out["prompt_ids"].append(self.tokenizer(rendered)["input_ids"])
            out["completion_ids"].append(ids)
            out["logprobs"].append([0.0] * len(ids))
        return out


def text_of(completion: str | list[dict[str, Any]]) -> str:
    return completion if isinstance(completion, str) else completion[0]["content"]


def product_is_right(completions: list[Any], ground_truth: list[str], log_extra: Any, **kwargs: Any) -> list[float]:
    """A reward over text, as most are written: it searches the whole completion, reasoning included."""
    log_extra("ending", [text_of(completion)[-5:] for completion in completions])
    return [float(truth in text_of(completion)) for completion, truth in zip(completions, ground_truth, strict=True)]


def short_enough(completion_ids: list[list[int]], **kwargs: Any) -> list[float]:
    """A reward over token ids: its length term counts the reasoning."""
    return [1.0 - len(ids) / 1000 for ids in completion_ids]


def make_dataset(shape: str, rows: int) -> Dataset:
    draw = random.Random(5)
    asked = [question(draw) for _ in range(rows)]
    prompts = [text if shape == "text" else [{"role": "user", "content": text}] for text, _ in asked]
    return Dataset.from_dict({"prompt": prompts, "ground_truth": [truth for _, truth in asked]})


def run(output: Path, shape: str = "messages", steps: int = 3) -> Path:
    """Trains `steps` steps and returns the folder of completions that TRL wrote."""
    tokenizer = make_tokenizer(typed=shape == "typed")
    trainer = GRPOTrainer(
        model=make_policy(tokenizer),
        processing_class=tokenizer,
        reward_funcs=[product_is_right, short_enough],
        train_dataset=make_dataset(shape, rows=PROMPTS_PER_STEP * steps),
        rollout_func=WrittenRollouts(tokenizer),
        args=GRPOConfig(
            output_dir=str(output),
            max_steps=steps,
            per_device_train_batch_size=GENERATIONS * PROMPTS_PER_STEP,
            num_generations=GENERATIONS,
            max_completion_length=512,
            learning_rate=1e-4,
            logging_steps=1,
            log_completions=True,
            num_completions_to_print=0,
            save_strategy="no",
            report_to=[],
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
            disable_tqdm=True,
            seed=3,
        ),
    )
    trainer.train()
    return output / "completions"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("output", type=Path)
    parser.add_argument("--shape", choices=("messages", "typed", "text"), default="messages")
    parser.add_argument("--steps", type=int, default=3)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    print(run(asked.output, asked.shape, asked.steps))


if __name__ == "__main__":
    main()
