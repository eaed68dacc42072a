"""Which functions are reward code, by the contracts of trainers."""

import ast

import pytest

from sequester.lint.module import read_module

REWARDS = {
    "TRL": "def helpful(prompts, completions, **columns): return 1",
    "TRL, by ids": "class Overlong:\n    def __call__(self, completion_ids, **columns): return 1",
    "TRL, registered": "def f(texts, **columns): return 1\nGRPOTrainer(reward_funcs=[f])",
    "verl": "def compute_score(data_source, solution_str, ground_truth, extra_info=None): return 1",
    "verl manager": "class MyRewardManager:\n    async def run_single(self, data): return 1",
    "OpenRLHF": "def reward_func(queries, prompts, labels): return 1",
    "OpenRLHF agent": "class Agent(AgentInstanceBase):\n    async def step(self, states, **kwargs): return 1",
    "NeMo-RL": "class MathEnv(EnvironmentInterface):\n    def step(self, message_log_batch, metadata): return 1",
    "SkyRL": "class MyEnv(BaseTextEnv):\n    def step(self, action: str): return 1",
    "slime": "async def custom_rm(args, sample, **kwargs): return 1",
    "AReaL": "def reward_fn(prompt, completions, prompt_ids, completion_ids, **data): return 1",
    "rLLM": "class RewardMathFn:\n    def __call__(self, input: RewardInput): return 1",
    "verifiers": "def correct(parser, completion, answer, **kwargs): return 1",
    "verifiers, nested": "def load_environment():\n    def f(completion, answer): return 1\n    return vf.Rubric(funcs=[f])",
    "verifiers v1": "class T(vf.Task):\n    @vf.reward(weight=1.0)\n    async def f(self, trace): return 1",
    "inspect": "@scorer(metrics=[])\ndef exact():\n    async def score(state, target): return 1\n    return score",
    "grader prompt": "def get_grader_prompt(convo): return 'x'",
}


@pytest.mark.parametrize("trainer", REWARDS)
def test_reward_code(trainer):
    assert len(read_module(ast.parse(REWARDS[trainer])).rewards) == 1


OTHERS = [
    "",
    "def completions(prompts): return 1",
    "def loss(logits, completion_ids, **kwargs): return 1",
    "class GRPOTrainer:\n    def compute_rewards(self, completions, completion_ids): return 1",
    "def log_completions(prompts, completions, rewards): return 1",
    "def format_messages(prompts, completions): return 1",
    "def reward_for(user, points): return 1",
    "class ChessEnv(gym.Env):\n    def step(self, action): return 1",
    "def reward(completions, **columns): print(1)",
    "def chat(prompt, completion): return 1",
]


@pytest.mark.parametrize("source", OTHERS)
def test_other_code(source):
    assert read_module(ast.parse(source)).rewards == ()
