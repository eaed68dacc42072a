"""SQ243: a reasoning model without a reasoning parser."""

import pytest
from tests.rules.lint_of import example, hits, lines, terminal


def test_nothing_is_found_in_nothing():
    assert hits("SQ243", "", "config.yaml") == []


def test_the_example_of_its_page_is_found():
    assert hits("SQ243", example("SQ243"), "config.yaml")


def test_terminal(snapshot, tmp_path, monkeypatch):
    assert terminal("SQ243", tmp_path, monkeypatch, "config.yaml") == snapshot


FOUND = [
    ("command: [bash, -c]\nargs: [vllm serve Qwen/Qwen3-8B]\n", [("args", 2)]),
    ("command: [bash, -c, 'cd x && vllm serve Qwen/Qwen3-8B']\n", [("command", 1)]),
    ("model: Qwen/Qwen3-8B\nport: 8000\ntensor-parallel-size: 2\n", [("model", 1)]),
    ("model: Qwen/Qwen3-8B\nport: 8000\nserved-model-name: policy\nenable-auto-tool-choice: true\n", [("model", 1)]),
    ("model-path: openai/gpt-oss-120b\nhost: 0.0.0.0\ntp-size: 8\n", [("model-path", 1)]),
    (
        "services:\n"
        "  policy:\n"
        "    image: vllm/vllm-openai:v0.10.0\n"
        "    command: >\n"
        "      --port 8000\n"
        "      --model Qwen/Qwen3-32B-AWQ\n",
        [("services.policy.command", 4)],
    ),
    (
        "spec:\n"
        "  containers:\n"
        "  - name: x\n"
        "    image: lmsysorg/sglang:latest\n"
        "    args: [--model-path, MiniMaxAI/MiniMax-M2, --tp, '4']\n",
        [("spec.containers.0.args", 5)],
    ),
    (
        "spec:\n  containers:\n  - command: [vllm, serve]\n    args:\n    - zai-org/GLM-4.6\n    - --max-model-len=1000\n",
        [("spec.containers.0.args", 4)],
    ),
    (
        "steps:\n"
        "- run: |\n"
        "    pip install vllm\n"
        "    vllm serve deepseek-ai/DeepSeek-R1 \\\n"
        "      --port 1 &\n"
        "    python train.py\n",
        [("steps.0.run", 2)],
    ),
    ('start: sh -c "vllm serve moonshotai/Kimi-K2-Thinking --port 8000"\n', [("start", 1)]),
    (
        "policy: {model_name: Qwen/Qwen3-0.6B}\nvllm_model: {uses_reasoning_parser: false}\n",
        [("vllm_model.uses_reasoning_parser", 2)],
    ),
    (
        "runner:\n  command: [python3, -m, sglang.launch_server, --model-path, $(MODEL_PATH), --served-model-name, minimax/MiniMax-M2]\n",
        [("runner.command", 2)],
    ),
    (
        "kind: Model\nspec:\n  url: hf://deepseek-ai/DeepSeek-R1\n  engine: VLLM\n  args:\n    - --max-model-len=32768\n",
        [("spec.url", 3)],
    ),
    ("start: vllm serve ByteDance-Seed/Seed-OSS-36B-Instruct --port 1\n", [("start", 1)]),
    ('command: sh -c "vllm serve Qwen/Qwen3-8B --tp $(nvidia-smi -L | wc -l)"\n', [("command", 1)]),
    (
        "spec:\n{{- if .Values.on }}\n  containers:\n  - image: {{ .Values.image }}\n    name: {{ $.Chart.Name }}\n"
        "    command: [vllm, serve, Qwen/Qwen3-8B, --port, {{ .Values.port }}]\n{{- end }}\n",
        [("spec.containers.0.command", 6)],
    ),
    ("model: deepseek-ai/DeepSeek-V3.1\nport: 1\ndtype: auto\nchat_template_kwargs: {thinking: true}\nvllm: x\n", [("model", 1)]),
]


@pytest.mark.parametrize(("text", "where"), FOUND)
def test_found(text, where):
    assert lines("SQ243", text) == where


QUIET = [
    "policy: {model_name: Qwen/Qwen3-0.6B}\nsafety_judge_model: {vllm_model: {uses_reasoning_parser: false}}\n",
    "model: Qwen/Qwen3-8B\nport: 8000\ntensor-parallel-size: 2\nreasoning-parser: qwen3\n",
    "model: Qwen/Qwen3-8B\nport: 8000\ntensor-parallel-size: 2\nenable_thinking: false\n",
    "model: Qwen/Qwen3-30B-A3B-Instruct-2507\nport: 8000\ntensor-parallel-size: 2\n",
    "model: Qwen/Qwen2.5-7B\nport: 8000\ntensor-parallel-size: 2\n",
    "model: openai/gpt-oss-20b\nport: 8000\nmax-model-len: 2\n",
    "model: deepseek-ai/DeepSeek-V3.1\nport: 1\ndtype: auto\nvllm: x\n",
    "judge:\n  model: Qwen/Qwen3-8B\n  port: 8000\n  tensor-parallel-size: 2\n",
    "model: Qwen/Qwen3-8B\napi_key: x\nhost: example.org\n",
    "model: Qwen/Qwen3-8B\nserved-model-name: policy\n",
    "model: Qwen/Qwen3-8B\nport: 8000\nserved-model-name: judge-model\nreasoning-parser: qwen3\n",
    "actor_rollout_ref: {model: Qwen/Qwen3-8B, gpu_memory_utilization: 0.5}\n",
    "inference: {vllm: {model: Qwen/Qwen3-8B, port: 1, tensor_parallel_size: 1}}\n",
    "services: {p: {image: 'vllm/vllm-openai', command: '--model Qwen/Qwen3-32B --reasoning-parser=qwen3'}}\n",
    "services: {p: {image: 'vllm/vllm-openai', command: '--model ${MODEL}'}}\n",
    "services: {p: {image: 'nginx', command: '--model Qwen/Qwen3-32B'}}\nvllm: 1\n",
    "run: vllm serve Qwen/Qwen3-8B --chat-template ./qwen3_nonthinking.jinja\n",
    'run: "vllm serve Qwen/Qwen3-8B --default-chat-template-kwargs \'{\\"enable_thinking\\": false}\'"\n',
    "c:\n  command: [sglang.launch_server, --model-path, $(M), --served-model-name, MiniMax-M2, --reasoning-parser, minimax-m2]\n",
    "c:\n  command: [vllm, serve, meta-llama/Llama-3.1-8B, --served-model-name, qwen3-8b]\n",
    "spec:\n  url: hf://deepseek-ai/DeepSeek-R1\n  engine: VLLM\n  args: [--reasoning-parser=deepseek_r1]\n",
    "spec:\n  url: hf://deepseek-ai/DeepSeek-R1\n  engine: VLLM\n  enabled: false\n",
    "spec:\n  url: ollama://deepseek-r1:1.5b\n  engine: OLlama\nvllm: 1\n",
    "start: vllm serve ByteDance-Seed/Seed-OSS-36B-Instruct --reasoning-parser seed_oss\n",
    'run: sh -c "vllm serve Qwen/Qwen3-8B --tp $(nvidia-smi -L | wc -l) --reasoning-parser qwen3"\n',
    'run: sh -c "vllm serve Qwen/Qwen3-8B --reasoning-parser qwen3" && echo "served"\n',
    "a:\n{{- if .x }}\n  command: [vllm, serve, Qwen/Qwen3-8B]\n  args: [--reasoning-parser, {{ .Values.parser }}]\n{{- end }}\n",
    "run: vllm bench --model Qwen/Qwen3-8B\n",
    "uses_reasoning_parser: false\npolicy_model: meta-llama/Llama-3-8B\n",
]


@pytest.mark.parametrize("text", QUIET)
def test_look_alikes_are_left_alone(text):
    assert hits("SQ243", text) == []
