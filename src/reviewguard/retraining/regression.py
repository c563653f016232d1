"""The regression set: every violation that a person ever confirmed."""

from __future__ import annotations

from reviewguard.curation.labels import Labels
from reviewguard.curation.sources import unique_ids
from reviewguard.policy import load_policy
from reviewguard.retraining.measure import PROFILE
from reviewguard.schema import LabelledMessage


def regression_set(labels: Labels) -> tuple[LabelledMessage, ...]:
    """The labels that break the rules, by id, so that files may be added, renamed and put together.

    Those that training must not see (they read like a test message), or that were kept for measuring, count too. Of
    several labels of one id the first counts, as in training.
    """
    rules = load_policy().profile(PROFILE)
    known = unique_ids((label.located for label in labels.labels), ()).located
    confirmed = (item.message for item in known if rules.is_broken(item.message.types))
    return tuple(sorted(confirmed, key=lambda message: message.id))
