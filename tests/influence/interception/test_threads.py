"""Threads are profiled from their start on, and nobody else's wrapper is undone."""

import threading

import pytest

from sequester.influence.interception.threads import idents, may_act_later, watched, works_for_reward
from sequester.influence.source import Code


@pytest.fixture
def start(monkeypatch):
    """As it was, whatever a test leaves."""
    monkeypatch.setattr(threading.Thread, "start", threading.Thread.start)


def waiting(event):
    thread = threading.Thread(target=event.wait, daemon=True)
    thread.start()
    return thread


def test_no_thread_is_none_that_works_for_anybody():
    code = Code([])
    assert not works_for_reward(threading.current_thread(), code)
    assert not may_act_later(code)
    assert threading.get_ident() not in idents()


def test_a_thread_that_starts_within_is_told_of_later(start):
    event, code, seen = threading.Event(), Code([]), []
    with watched():
        thread = waiting(event)
    assert thread.ident in idents()
    assert works_for_reward(thread, code)
    with watched(lambda frame, _event, _argument: seen.append(frame.f_code.co_qualname)):
        event.set()
        thread.join()
    assert seen


def test_a_thread_that_starts_outside_is_not_profiled(start):
    event = threading.Event()
    thread = waiting(event)
    assert thread.ident not in idents()
    event.set()
    thread.join()


def test_a_wrapper_that_reward_code_puts_around_start_stays(start):
    event = threading.Event()
    with watched():
        inner = threading.Thread.start

        def wrapper(thread):
            inner(thread)

        threading.Thread.start = wrapper
    assert threading.Thread.start is wrapper
    thread = waiting(event)
    assert thread.ident not in idents()
    event.set()
    thread.join()
