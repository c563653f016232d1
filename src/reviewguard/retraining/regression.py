"""The regression set: every violation that a person ever confirmed."""

from __future__ import annotations

from reviewguard.curation.labels import Labels
from reviewguard.policy import load_policy
from reviewguard.retraining.measure import PROFILE
from reviewguard.schema import LabelledMessage


def regression_set(labels: Labels) -> tuple[LabelledMessage, ...]:
    """The labels that break the rules, by id, so that files may be added, renamed and put together.

    Those that training must not see (they read like a test message), or that were kept for measuring, count too. Of
    several labels of one id the first counts, as in training.
    """
    rules = load_policy().profile(PROFILE)
    first: dict[str, LabelledMessage] = {}
    for label in labels.labels:
        first.setdefault(label.message.id, label.message)
    return tuple(first[name] for name in sorted(first) if rules.is_broken(first[name].types))
