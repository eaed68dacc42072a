"""Results of associations to print, store and judge: plausible, made by nobody."""

from hypothesis import strategies as st
from msgspec.structs import replace

from sequester.findings.associated import AssociationResult, AssociationVerdict, Feature, PathAssociation, Property
from sequester.findings.association import findings_of
from sequester.findings.model import Tool
from sequester.influence.association import ASSUMPTIONS

NOTHING = AssociationResult(
    verdict=AssociationVerdict.NOTHING_ASSESSED,
    tool=Tool("0.2.0", "association/1", {"alpha": 0.01, "smallest": 0.2}),
    alpha=0.01,
    smallest=0.2,
    seen=3,
    not_assessed={"no_score": 3},
    kept=1.0,
    unread=(),
    paths=(),
    findings=(),
    assumptions=ASSUMPTIONS,
)
"""A log without scores."""


def feature(name="words", kind=Property.LENGTH, correlation=0.02, significant=False, **changes):
    plain = Feature(name, kind, correlation, correlation / 2, 0.0001 if significant else 0.7, None, significant, 60, 240)
    return replace(plain, **changes)


def path(name="reward", verdict=AssociationVerdict.NONE_FOUND, features=None, **changes):
    plain = PathAssociation(
        reward_path=name,
        verdict=verdict,
        reasons=(),
        scored=400,
        strata=60,
        episodes=240,
        prompts=40,
        differing=50,
        noisy=0,
        upper95=None,
        detectable=0.18,
        features=(feature(),) if features is None else tuple(features),
    )
    return replace(plain, **changes)


def result_of(*paths, verdict):
    found = tuple(finding for one in paths for finding in findings_of(one))
    return replace(NOTHING, verdict=verdict, seen=500, not_assessed={"no_score": 100}, paths=paths, findings=found)


FOUND = result_of(
    path(
        "dapo",
        AssociationVerdict.FOUND,
        (feature(correlation=-0.6, significant=True), feature("headings", Property.MARKUP, -0.1)),
        noisy=2,
    ),
    path("accuracy", differing=0, upper95=0.072, detectable=None),
    verdict=AssociationVerdict.FOUND,
)
ABSENT = result_of(path(), verdict=AssociationVerdict.NONE_FOUND)
UNDERPOWERED = replace(
    result_of(
        path(verdict=AssociationVerdict.UNDERPOWERED, reasons=("too_few_prompts", "too_few_episodes"), detectable=0.5),
        path("prose", AssociationVerdict.NOTHING_ASSESSED, (), reasons=("answers_never_repeat",), strata=0, episodes=0),
        verdict=AssociationVerdict.UNDERPOWERED,
    ),
    kept=0.25,
    unread=("rollouts/7.jsonl: cannot be read (Permission denied)",),
)


def results():
    """Hypothesis: any result, hostile names and numbers included."""
    counts, name, share = st.integers(0, 10**6), st.text(max_size=20), st.floats(0, 1)
    features = st.builds(
        feature, st.sampled_from(("words", "headings")), st.sampled_from(Property), st.floats(-1, 1), st.booleans(), p=share
    )
    paths = st.builds(
        path,
        name,
        st.sampled_from(AssociationVerdict),
        st.lists(features, max_size=3),
        reasons=st.lists(name, max_size=2).map(tuple),
        scored=counts,
        strata=counts,
        episodes=counts,
        differing=counts,
        noisy=counts,
        upper95=st.none() | share,
        detectable=st.none() | share,
    )
    built = st.builds(
        lambda many, verdict: result_of(*many, verdict=verdict), st.lists(paths, max_size=3), st.sampled_from(AssociationVerdict)
    )
    return st.builds(
        lambda result, seen, lost, kept, notes: replace(result, seen=seen, not_assessed=lost, kept=kept, notes=tuple(notes)),
        built,
        counts,
        st.dictionaries(name, counts, max_size=3),
        share,
        st.lists(name, max_size=2),
    )
