"""Reward functions that hand the completion on by ways that stood open before the call, or print it."""

import _thread
import asyncio
import ctypes
import gzip
import logging
import logging.handlers
import mmap
import os
import queue
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "site-packages"))

import gradelib


def opened(name):
    """Only the way that a test is about is open; the tests say which by the environment."""
    return os.environ.get("STANDING") == name


def sleeping():
    for text, done in iter(TASKS.get, None):
        gradelib.grade(text)
        done.set()


FILE = tempfile.TemporaryFile("w") if opened("file") else None  # noqa: SIM115
LOG = logging.getLogger("standing")
if opened("log"):
    LOG.addHandler(logging.StreamHandler(tempfile.TemporaryFile("w")))  # noqa: SIM115
PROGRAM = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) if opened("program") else None
DATABASE = sqlite3.connect(":memory:") if opened("database") else None
TASKS = queue.Queue()
if opened("thread"):
    threading.Thread(target=sleeping, daemon=True).start()
POOL = ThreadPoolExecutor(1)
if opened("pool"):
    POOL.submit(int).result()


LATER = logging.getLogger("later")
if opened("kept_back"):
    TARGET = logging.StreamHandler(tempfile.TemporaryFile("w"))  # noqa: SIM115
    LATER.addHandler(logging.handlers.MemoryHandler(10_000, flushLevel=logging.CRITICAL, target=TARGET))
PACKED = gzip.GzipFile(fileobj=tempfile.TemporaryFile(), mode="w") if opened("packed") else None  # noqa: SIM115
SHARED = mmap.mmap(-1, 1 << 16) if opened("shared") else None
FOREIGN = ctypes.CDLL(None) if opened("foreign") else None
LEFT = []


def polling():
    while True:
        time.sleep(60)
        gradelib.grade(LEFT.pop())


if opened("polled"):
    threading.Thread(target=polling, daemon=True).start()
if opened("bare_thread"):
    _thread.start_new_thread(sleeping, ())
LOOP = asyncio.new_event_loop()
if opened("loop"):
    threading.Thread(target=LOOP.run_forever, daemon=True).start()


def nothing(completions, **kwargs):
    return [1.0 for _ in completions]


def file(completions, **kwargs):
    FILE.write(completions[0])
    return [1.0]


def log(completions, **kwargs):
    LOG.error("%s", completions[0])
    return [1.0]


def program(completions, **kwargs):
    PROGRAM.stdin.write(completions[0] + "\n")
    PROGRAM.stdin.flush()
    return [1.0]


def database(completions, **kwargs):
    DATABASE.execute("select ?", (completions[0],)).fetchall()
    return [1.0]


def thread(completions, **kwargs):
    done = threading.Event()
    TASKS.put((completions[0], done))
    done.wait()
    return [1.0]


def pool(completions, **kwargs):
    return list(POOL.map(gradelib.grade, completions))


def kept_back(completions, **kwargs):
    LATER.error("%s", completions[0])
    return [1.0]


def packed(completions, **kwargs):
    PACKED.write(completions[0].encode())
    return [1.0]


def shared(completions, **kwargs):
    SHARED[:4] = completions[0].encode()[8:12]
    return [1.0]


def polled(completions, **kwargs):
    LEFT.append(completions[0])
    return [1.0]


bare_thread = thread


def loop(completions, **kwargs):
    return [asyncio.run_coroutine_threadsafe(gradelib.grade_later(each), LOOP).result() for each in completions]


def environment(completions, **kwargs):
    subprocess.run(["true"], env={**os.environ, "COT": completions[0]})
    return [1.0]


def own_environment(completions, **kwargs):
    os.environ["COT"] = completions[0]
    subprocess.run(["true"])
    return [1.0]


def prints(completions, **kwargs):
    print(completions[0])
    return [1.0]


def prints_below(completions, **kwargs):
    os.write(2, completions[0].encode())
    return [1.0]


def prints_by_program(completions, **kwargs):
    subprocess.run(["cat"], input=completions[0].encode())
    return [1.0]


def prints_words(completions, **kwargs):
    print("one episode scored")
    return [1.0]
