"""The methods by name, with the settings that the tables state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from reviewguard.errors import ConfigError
from reviewguard.modeling.explainers.gradients import GradientTimesInput, IntegratedGradients
from reviewguard.modeling.explainers.probe import Probe
from reviewguard.modeling.explainers.sampling import (
    DeletingLime,
    DeletingPartitionShap,
    LeaveOneOut,
    Lime,
    PartitionShap,
)
from reviewguard.modeling.explainers.single_pass import (
    Attention,
    Effects,
    Evidence,
    EvidenceTerms,
    Oracle,
    Random,
)
from reviewguard.modeling.explainers.words import Floats, WordedMessage

OURS = Evidence.name
NO_PEERS = frozenset({Evidence.name, Effects.name, EvidenceTerms.name, Random.name, Oracle.name})
"""Ours in all forms, the floor and the reference: everything else is a peer."""


class Explainer(Protocol):
    """A method; it keeps nothing between calls, and its `repr` states its settings."""

    @property
    def name(self) -> str:
        """Name in tables."""

    def explain(self, model: Probe, message: WordedMessage) -> Floats:
        """How much each word speaks for a violation, shape `(words,)`; only the order and signs compare."""


def explainers(seed: int, samples: int | None) -> Mapping[str, Explainer]:
    """Every method by its short name, ours first.

    Args:
        samples: copies of a message that LIME and Partition SHAP may ask about, instead of what each does by default.
    """
    copies = {} if samples is None else {"samples": samples}
    evaluations = {} if samples is None else {"max_evals": samples}
    return {
        "evidence": Evidence(),
        "effects": Effects(),
        "terms": EvidenceTerms(),
        "attention": Attention(),
        "gradient": GradientTimesInput(),
        "integrated": IntegratedGradients(),
        "lime": Lime(seed=seed, **copies),
        "lime-deleting": DeletingLime(seed=seed, **copies),
        "shap": PartitionShap(**evaluations),
        "shap-deleting": DeletingPartitionShap(**evaluations),
        "loo": LeaveOneOut(),
        "random": Random(seed),
        "oracle": Oracle(),
    }


def choose(
    names: Iterable[str], *, head: str, attributes: bool, seed: int = 13, samples: int | None = None
) -> list[Explainer]:
    """The methods of these names, each once; without any all that a model offers.

    Args:
        head: of the model, see `HeadConfig`.
        attributes: whether the model has an attribution head too.

    Raises:
        ConfigError: there is no method of that name, or the model does not offer it.
    """
    known = explainers(seed, samples)
    wanted = list(dict.fromkeys(names))
    if unknown := [name for name in wanted if name not in known]:
        raise ConfigError(f"unknown methods {unknown}", expected=", ".join(known))
    lacking = {"evidence", "terms"} if head == "plain" else set()
    lacking |= set() if attributes else {"effects"}
    if missing := [name for name in wanted if name in lacking]:
        raise ConfigError(
            f"this model offers no {', '.join(missing)}",
            expected=", ".join(name for name in known if name not in lacking),
            fix="a training run has no effects, which come with an export, and a plain head no evidence",
        )
    return [known[name] for name in wanted or known if name not in lacking]
