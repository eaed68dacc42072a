"""Processes that scan: Ctrl-C is heard by the one that started them."""

import signal

import pytest

from sequester.exposure import workers


class Pool:
    def __init__(self):
        self.ended = []

    def shutdown(self, **how):
        self.ended.append(how)


def test_what_is_started_meanwhile_does_not_hear_interrupts():
    with workers._deaf_to_interrupts():
        assert signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_an_interrupt_begins_no_more_units():
    pool = Pool()
    with pytest.raises(KeyboardInterrupt), workers._nothing_more(pool):
        raise KeyboardInterrupt
    assert pool.ended == [{"cancel_futures": True}]
    with workers._nothing_more(pool):
        pass
    assert len(pool.ended) == 1
