"""Messages in, explained verdicts out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reviewguard.decision import decide, probabilities, sigmoid
from reviewguard.encoding import EncodedMessage, MessageEncoder, Window, collate
from reviewguard.errors import ConfigError
from reviewguard.inference.backend import Backend
from reviewguard.inference.doubts import doubts, nothing_to_read
from reviewguard.inference.language import identify
from reviewguard.inference.spans import TokenScores, evidence_spans
from reviewguard.policy import Profile, load_policy
from reviewguard.schema import COMPLIANT, NEEDS_REVIEW, Evidence, Message, TypeScore, Verdict
from reviewguard.settings import Settings
from reviewguard.text import without_spans

BATCH_TOKENS = 4096
"""Padded tokens per forward pass."""


@dataclass(frozen=True, slots=True, eq=False)
class RawScores:
    """What the model says of one message, before calibration.

    Attributes:
        encoded: its windows.
        logits: per type, the highest over the windows, shape `(types,)`.
        offsets: of the seller's tokens in the text as given, shape `(tokens, 2)`.
        evidence: per token and type, a logit, shape `(tokens, types)`.
        contribution: evidence times attention, what each token adds to a type's logit.
    """

    encoded: EncodedMessage
    logits: NDArray[np.float64]
    offsets: NDArray[np.int64]
    evidence: NDArray[np.float64]
    contribution: NDArray[np.float64]


class Classifier:
    """A loaded model. Holds no state between calls, so threads may share it.

    Args:
        backend: runs the encoder.
        encoder: makes its windows.
        settings: types, calibration, thresholds.
        folder: where other processes load the same model from; None when there is no such place.
    """

    def __init__(
        self, backend: Backend, encoder: MessageEncoder, settings: Settings, *, folder: Path | None = None
    ) -> None:
        self._backend = backend
        self._encoder = encoder
        self.settings = settings
        self.folder = folder

    @property
    def model(self) -> str:
        """Name and version, as verdicts carry it."""
        return f"{self.settings.name}-{self.settings.version}"

    def with_settings(self, settings: Settings) -> Classifier:
        """The same model with other calibrations or thresholds."""
        return Classifier(self._backend, self._encoder, settings)  # no folder holds these settings

    def __call__(
        self, text: str, previous: str | None = None, *, profile: str = "amazon", proof: bool = False
    ) -> Verdict:
        """Judge one message; see `predict`."""
        return self.predict([Message(text, previous)], profile=profile, proof=proof)[0]

    def predict(
        self,
        messages: Iterable[Message | str],
        *,
        profile: str = "amazon",
        proof: bool = False,
        batch_tokens: int = BATCH_TOKENS,
    ) -> list[Verdict]:
        """Judge messages.

        Args:
            messages: seller texts, or `Message`s with the buyer's words and an id.
            profile: policy profile that maps types to the verdict.
            proof: also score each message without its marked words (a second pass).
            batch_tokens: padded tokens per forward pass.

        Returns:
            One verdict a message, in order. A message that cannot be scored gets `error`; nothing is raised
            for what a message holds.

        Raises:
            ConfigError: there is no such profile, or the model was exported before there was one.
        """
        rules = self._rules(profile)
        items = [_as_message(m) for m in messages]
        scored = self._score_readable(items, batch_tokens)
        verdicts = [self._verdict(m, s, rules) for m, s in zip(items, scored, strict=True)]
        return self._with_proof(items, verdicts, rules) if proof else verdicts

    def _rules(self, profile: str) -> Profile:
        rules = load_policy().profile(profile)
        if profile not in self.settings.profiles:
            raise ConfigError(
                f"{self.model} has no thresholds for the profile {profile!r}",
                expected=" or ".join(self.settings.profiles),
                fix="export the model again with `reviewguard export`",
            )
        return rules

    def predict_logits(self, messages: Sequence[Message]) -> NDArray[np.float64]:
        """Uncalibrated type logits, shape `(messages, types)`; -20 where there is nothing to read."""
        scored = self._score_readable(messages)
        blank = np.full(len(self.settings.types), -20.0)
        return np.stack([s.logits if s else blank for s in scored]) if scored else blank[None][:0]

    def token_evidence(self, messages: Sequence[Message]) -> list[NDArray[np.float64]]:
        """Evidence logits of each message's tokens, shapes `(tokens, types)`; no tokens where nothing is readable."""
        nothing = np.zeros((0, len(self.settings.types)))
        return [s.evidence if s else nothing for s in self._score_readable(messages)]

    def _score_readable(
        self, messages: Sequence[Message], batch_tokens: int = BATCH_TOKENS
    ) -> list[RawScores | None]:
        """Scores of each message, identical ones computed once; None where there is nothing to read."""
        distinct = list(dict.fromkeys((m.text, m.previous) for m in messages))
        encoded = self._encoder.encode_batch([Message(text, previous) for text, previous in distinct])
        scores = dict(zip(distinct, self._score(encoded, batch_tokens), strict=True))
        return [scores[m.text, m.previous] for m in messages]

    def _score(self, encoded: Sequence[EncodedMessage], batch_tokens: int) -> list[RawScores | None]:
        windows = [(i, w) for i, message in enumerate(encoded) for w in message.windows]
        parts: list[list[_WindowScores]] = [[] for _ in encoded]
        outputs = self._forward([w for _, w in windows], batch_tokens)
        for (i, _), scores in zip(windows, outputs, strict=True):
            parts[i].append(scores)
        return [
            _merge(message, found) if found else None for message, found in zip(encoded, parts, strict=True)
        ]

    def _forward(self, windows: Sequence[Window], batch_tokens: int) -> list[_WindowScores]:
        results: dict[int, _WindowScores] = {}
        for batch in _batches([len(w.ids) for w in windows], batch_tokens):
            output = self._backend.run(collate([windows[i] for i in batch], self._encoder.pad_id))
            for row, i in enumerate(batch):
                seller = slice(*windows[i].seller)
                evidence = output.evidence[row, seller].astype(np.float64)
                results[i] = _WindowScores(
                    windows[i].offsets,
                    output.logits[row].astype(np.float64),
                    evidence,
                    evidence * output.attention[row, seller],
                )
        return [results[i] for i in range(len(windows))]

    def _verdict(self, message: Message, scores: RawScores | None, rules: Profile) -> Verdict:
        base = Verdict(message.id, None, None, profile=rules.name, model=self.model, text=message.text)
        if scores is None:
            return replace(base, error=nothing_to_read(message.text))
        found = probabilities(scores.logits[None], self.settings, rules)
        probability = float(found.violation[0])
        decision = decide(probability, self.settings.profiles[rules.name])
        language = identify(scores.encoded.text)
        reasons = doubts(message.text, scores.encoded, language)
        types = self._present_types(found.types[0], rules, broken=decision != COMPLIANT)
        if reasons and decision == COMPLIANT:
            decision = NEEDS_REVIEW
        return replace(
            base,
            verdict=decision,
            probability=round(probability, 6),
            types=types,
            evidence=tuple(self._evidence(message.text, scores, types)),
            language=language.code,
            reasons=reasons,
        )

    def _present_types(
        self, values: NDArray[np.float64], rules: Profile, *, broken: bool
    ) -> tuple[TypeScore, ...]:
        """Types above their thresholds, in line with the decision: one rule at least where it is broken, else none."""
        by_name = dict(zip(self.settings.types, values.tolist(), strict=True))
        present = {t for t, p in by_name.items() if p >= self.settings.type_thresholds[t]}
        if not broken:
            present -= rules.breaking_types(present)
        elif not rules.is_broken(present):
            present |= set(max(rules.any_of, key=lambda rule: min(by_name[t] for t in rule)))
        ordered = sorted(present, key=lambda t: -by_name[t])
        return tuple(TypeScore(t, round(by_name[t], 6)) for t in ordered)

    def _evidence(self, text: str, scores: RawScores, types: Sequence[TypeScore]) -> list[Evidence]:
        spans = []
        for item in types:
            kind = self.settings.types.index(item.type)
            tokens = TokenScores(
                scores.offsets, sigmoid(scores.evidence[:, kind]), scores.contribution[:, kind]
            )
            spans += evidence_spans(text, item.type, tokens, self.settings.token_threshold)
        return sorted(spans, key=lambda e: (e.start, e.end))

    def _with_proof(
        self, messages: Sequence[Message], verdicts: Sequence[Verdict], rules: Profile
    ) -> list[Verdict]:
        marked = [i for i, v in enumerate(verdicts) if v.evidence]
        rest = [
            replace(
                messages[i],
                text=without_spans(messages[i].text, [(e.start, e.end) for e in verdicts[i].evidence], " "),
            )
            for i in marked
        ]
        logits = self.predict_logits(rest)
        result = list(verdicts)
        if marked:
            values = probabilities(logits, self.settings, rules).violation
            for i, value in zip(marked, values.tolist(), strict=True):
                result[i] = replace(result[i], without_evidence=round(value, 6))
        return result


@dataclass(frozen=True, slots=True, eq=False)
class _WindowScores:
    offsets: tuple[tuple[int, int], ...]
    logits: NDArray[np.float64]
    evidence: NDArray[np.float64]
    contribution: NDArray[np.float64]


def _merge(message: EncodedMessage, windows: Sequence[_WindowScores]) -> RawScores:
    """Pool windows: the highest logit per type; a token in two windows keeps its stronger evidence."""
    return RawScores(
        message,
        np.max([w.logits for w in windows], axis=0),
        np.array([pair for w in windows for pair in w.offsets], dtype=np.int64).reshape(-1, 2),
        np.concatenate([w.evidence for w in windows]),
        np.concatenate([w.contribution for w in windows]),
    )


def _batches(lengths: Sequence[int], batch_tokens: int) -> Iterable[list[int]]:
    """Indices of windows of like length, at most `batch_tokens` padded tokens at a time."""
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if batch and lengths[i] * (len(batch) + 1) > batch_tokens:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def _as_message(item: Message | str) -> Message:
    return Message(item) if isinstance(item, str) else item
