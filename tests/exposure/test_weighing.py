"""What a chain weighs by itself."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exposure import cases
from tests.exposure.cases import subject

from sequester.episodes.model import Channel
from sequester.exposure.matching import Chain, normalise
from sequester.exposure.severity import THRESHOLDS, telling_run
from sequester.exposure.stock import stock_texts
from sequester.exposure.weighing import said_once, weigh, weighs_little

THOUGHT = cases.reasoning(1)


def test_nothing_weighs_nothing():
    nothing = weigh(subject(), Chain(0, ()))
    assert (nothing.private, nothing.covered, nothing.runs) == (0, 0.0, ())
    assert weighs_little(nothing)


def test_a_run_weighs_its_private_characters_and_covers_their_share():
    by = subject((Channel.REASONING, THOUGHT))
    (chain,) = by.pattern.scan(f"Judge this: {THOUGHT[:120]}")
    weight = weigh(by, chain, lambda run: b"windows of it")
    ((length, private, windows),) = ((run.length, run.private, run.windows) for run in weight.runs)
    assert length == private == weight.private == len(normalise(THOUGHT[:120]).rstrip(b"."))
    assert windows == b"windows of it"
    assert weight.covered == weight.private / by.own
    assert weight.telling == telling_run(by.own)
    assert not weighs_little(weight)


def test_stock_text_weighs_nothing():
    licence = stock_texts()[0][100:300]
    by = subject((Channel.REASONING, f"{THOUGHT} {licence}"))
    (chain,) = by.pattern.scan(licence)
    assert chain.private > 100
    assert weigh(by, chain).private < THRESHOLDS.report
    assert weigh(by, chain, lambda run: b"not asked for").runs == ()


def test_an_ideograph_of_three_bytes_weighs_two_characters():
    thought = "评分者只看报告所以我会把失败写在别处这里什么也不写明天再把数字改回去没有人会发现"
    by = subject((Channel.REASONING, thought))
    (chain,) = by.pattern.scan(f"评语：{thought}")
    assert (chain.private, weigh(by, chain).private) == (3 * len(thought), 2 * len(thought))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 250), st.integers(0, 200))
def test_a_longer_stretch_never_weighs_less(start, length):
    by = subject((Channel.REASONING, THOUGHT * 3))
    heaviest = [
        max((weigh(by, chain).private for chain in by.pattern.scan(f"Said: {THOUGHT[start : start + size]}")), default=0)
        for size in (length, length + 40)
    ]
    assert heaviest[0] <= heaviest[1]


def test_no_runs_and_one_run_are_said_once():
    assert said_once([]) == said_once([(3, 40, 0)]) == said_once([(3, 40, 30)]) == said_once([(0, 40, 40), (40, 9, 9)]) == 1.0


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.booleans(), min_size=60, max_size=60),
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 10)), min_size=1, max_size=6),
    st.integers(1, 3),
)
def test_a_character_counts_once_however_often_it_is_said(private, places, times):
    runs = [(start, length, sum(private[start : start + length])) for start, length in places]
    counted = sum(count for _, _, count in runs)
    reached = {at for start, length in places for at in range(start, start + length)}
    once = counted * said_once(runs)
    assert sum(private[at] for at in reached) <= once + 1e-6
    assert once <= min(counted, len(reached)) + 1e-6
    assert abs(counted * times * said_once(runs * times) - once) < 1e-6
