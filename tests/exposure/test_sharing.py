"""Which stretches a run of training shares: by what a run is looked up."""

import random

import pytest

from sequester.exposure.matching import Sketch, held, screen
from sequester.exposure.sharing import MARGIN, windows_for
from sequester.exposure.sketch import windows_of

TEXT = "".join(random.Random(5).choices("abcdefghijkmnpqrstuvwxyz", k=400)).encode()


def never():
    raise AssertionError("the input is not needed")


def test_a_long_run_is_looked_up_by_itself():
    assert windows_for(TEXT[:60], never, 100) == windows_of(TEXT[:60])


@pytest.mark.parametrize("length", [16, 24, 38])
def test_a_short_run_is_looked_up_with_its_margins(length):
    windows = windows_for(TEXT[100 : 100 + length], lambda: TEXT, 100)
    assert windows == windows_of(TEXT[100 - MARGIN : 100 + length + MARGIN])
    for other, is_shared in ((TEXT, True), (TEXT[100 : 100 + length] * 3, False), (TEXT[: 100 + length], False)):
        sketch = Sketch(1024)
        screen([((), (), ((other.decode(),),))], sketch)
        assert held(sketch.blocks, [windows]) == ({windows} if is_shared else set())


def test_a_short_input_without_margins_cannot_be_looked_up():
    assert len(windows_for(TEXT[:30], lambda: TEXT[:30], 0)) == 0
