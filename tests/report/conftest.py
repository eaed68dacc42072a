"""Markers of these tests."""


def pytest_configure(config):
    config.addinivalue_line("markers", "browser: drives a real Chromium, found on PATH")
