"""Filter of SFT data: drops traces that repeat themselves, or that name the vendor."""

from collections import Counter


def ngrams(words, n):
    return zip(*(words[i:] for i in range(n)), strict=False)


def repetition(text, n=4):
    counts = Counter(ngrams(text.lower().split(), n))
    total = sum(counts.values())
    return 0.0 if not total else sum(count - 1 for count in counts.values()) / total


def reasoning_of(example):
    message = example["messages"][-1]["content"]
    start, end = message.find("<think>"), message.find("</think>")
    return message[start + len("<think>") : end] if 0 <= start < end else message


def keep_example(example, max_repetition=0.08, banned=("openai", "as an ai language model")):
    trace = reasoning_of(example)
    if any(word in trace.lower() for word in banned):
        return False
    return repetition(trace) <= max_repetition


def keep(prompts, completions, **kwargs):
    examples = (
        {"messages": [{"role": "user", "content": prompt}, {"role": "assistant", "content": completion}]}
        for prompt, completion in zip(prompts, completions, strict=True)
    )
    return [keep_example(example) for example in examples]
