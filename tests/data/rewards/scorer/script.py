"""Runs on import."""

import sys

sys.exit(0)
