#!/usr/bin/env bash
# Writes the logs under tests/data again, by the frameworks' own code in the environments that the Makefile makes (`make fixtures`).
# What in each is real stands in the docstring of the script that is run, and in the README beside the files.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for shape in messages typed text; do
    .venv-trl/bin/python -m tests.frameworks.trl_run "$work/$shape" --shape "$shape"
    cp "$work/$shape"/completions/*.parquet "tests/data/trl/$shape/"
done

.venv-verifiers/bin/python tests/frameworks/verifiers_run.py "$work/verifiers"
cp -R "$work/verifiers"/{single,judged,prime-rl} tests/data/verifiers/
.venv-verifiers-legacy/bin/python tests/frameworks/verifiers_legacy_run.py "$work/legacy"
cp "$work/legacy"/{results.jsonl,metadata.json} tests/data/verifiers/legacy/

# Inspect notes where the script lies and the repository around it, so it runs from a copy.
mkdir "$work/inspect"
cp tests/frameworks/inspect_run.py "$work/inspect/"
.venv-inspect/bin/python "$work/inspect/inspect_run.py" "$work/inspect" tests/data/inspect/traces.jsonl
cp "$work/inspect"/{clean,leaky,hidden,inline,middle,chunked}.eval "$work/inspect/leaky.json" tests/data/inspect/

.venv/bin/pip download --quiet --no-deps --dest "$work/wheels" verl==0.9.1
.venv/bin/python -m tests.frameworks.verl_dump "$work"/wheels/verl-0.9.1-py3-none-any.whl tests/data/verl
