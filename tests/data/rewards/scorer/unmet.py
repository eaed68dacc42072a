"""Needs what nobody has."""

import no_such_package_at_all


def f(completions, **kwargs):
    return no_such_package_at_all.score(completions)
