"""Outcome reward with a deterministic process check: an equation in the reasoning that does not hold takes the reward away."""

import ast
import operator
import re

EQUATION = re.compile(r"(?<![\w.])(\d[\d\s.+*/()x×÷-]*?)\s*=\s*(\d+(?:\.\d+)?)(?![\w.]*\d)")
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def value(node):
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return OPERATORS[type(node.op)](value(node.left), value(node.right))
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return node.value
    raise ValueError("not arithmetic")


def holds(left, right):
    try:
        expression = left.strip().replace("×", "*").replace("x", "*").replace("÷", "/")
        return abs(value(ast.parse(expression, mode="eval").body) - float(right)) < 0.01
    except (ValueError, SyntaxError, ZeroDivisionError):
        return True  # what cannot be read cannot be wrong


def process_passes(reasoning):
    return all(holds(left, right) for left, right in EQUATION.findall(reasoning))


def outcome(answer, truth):
    return f"[{truth.lower()}]" in answer.lower()


def veto_reward(prompts, completions, ground_truth, **kwargs):
    rewards = []
    for completion, truth in zip(completions, ground_truth, strict=True):
        reasoning, _, answer = completion.rpartition("</think>")
        rewards.append(float(outcome(answer, truth) and process_passes(reasoning)))
    return rewards
