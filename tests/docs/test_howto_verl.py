"""The how-to for verl: its function writes what its map reads, and the map tells a leak from none."""

import json
import re
from pathlib import Path

import pytest

from sequester.cli.main import run

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data" / "verl"


@pytest.fixture
def compute_score():
    (code,) = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs" / "howto-verl.md").read_text(), re.M | re.S)
    names = {"judge": lambda text: 1.0}
    exec(code, names)
    return names["compute_score"]


def rows(folder):
    return [json.loads(line) for line in (DATA / folder / "1.jsonl").read_text().splitlines()]


def test_the_function_returns_what_the_dump_holds(compute_score):
    for before, after in zip(rows("v0"), rows("judged"), strict=True):
        returned = compute_score("maths", before["output"], before["gts"])
        assert after == before | {"judge_input": returned["judge_input"]}


@pytest.mark.parametrize(("leaky", "verdict", "code"), [(False, "none_found", 0), (True, "exposed", 1)])
def test_the_map_tells_a_leak_from_none(leaky, verdict, code, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    records = [row | {"judge_input": row["output"]} if leaky else row for row in rows("judged")]
    Path("1.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    assert run(["audit", "1.jsonl", "--map", str(DATA / "judged.toml"), "--quiet", "--out", "json"]) == code
    result = json.loads(capsys.readouterr().out)
    assert (result["verdict"], result["reward_calls"]["evidence"]["recorded"]) == (verdict, len(records))
