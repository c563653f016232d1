"""Messages in, explained verdicts out."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, MutableMapping, Sequence
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from reviewguard.decision import decide, deciding, probabilities, sigmoid
from reviewguard.encoding import MessageEncoder
from reviewguard.errors import ConfigError, InputError
from reviewguard.inference.backend import Backend
from reviewguard.inference.clear import clear_because, trigger_words
from reviewguard.inference.doubts import doubts, halves, nothing_to_read, undecided
from reviewguard.inference.given import as_messages
from reviewguard.inference.language import identify_all
from reviewguard.inference.passes import BATCH_TOKENS, RawScores, score
from reviewguard.inference.proof import Left, decisive_clauses, decisive_words
from reviewguard.inference.spans import (
    WordScores,
    evidence_spans,
    says_nothing,
    word_effects,
    word_scores,
)
from reviewguard.policy import NEUTRAL_REQUEST, Profile, load_policy
from reviewguard.schema import (
    COMPLIANT,
    NEEDS_REVIEW,
    REVIEW_SOLICITING,
    Decision,
    Evidence,
    Message,
    Proof,
    TypeScore,
    Verdict,
)
from reviewguard.settings import Settings
from reviewguard.text import has_words, without_spans

WORTH_NAMING = 0.1
"""Share of a type's threshold from which a person who reviews a message is told of it."""


Memory = MutableMapping[tuple[str, str | None], RawScores | None]
"""What was read of a text after a buyer's words."""


class Classifier:
    """A loaded model. Holds no state between calls, so threads may share it; it cannot be pickled.

    Args:
        backend: runs the encoder.
        encoder: makes its windows.
        settings: types, calibration, thresholds.
        folder: where other processes load the same model from; None when there is no such place.
        memory: see `remembering`.
    """

    def __init__(
        self,
        backend: Backend,
        encoder: MessageEncoder,
        settings: Settings,
        *,
        folder: Path | None = None,
        memory: Memory | None = None,
    ) -> None:
        self._backend = backend
        self.encoder = encoder
        self._memory = memory
        self.settings = settings
        self.folder = folder

    @property
    def model(self) -> str:
        """Name and version, as verdicts carry it."""
        return f"{self.settings.name}-{self.settings.version}"

    def with_settings(self, settings: Settings) -> Classifier:
        """The same model with other calibrations or thresholds; types and limits are to stay what they are."""
        # No folder holds these settings.
        return Classifier(self._backend, self.encoder, settings, memory=self._memory)

    def remembering(self) -> Classifier:
        """The same model, which keeps what it read of a message: for asking about the same ones again and again.

        It holds some 15 KB a message for as long as it lives, and is for one thread. Itself where it does so already.
        """
        if self._memory is not None:
            return self
        return Classifier(self._backend, self.encoder, self.settings, folder=self.folder, memory={})

    def __call__(
        self,
        text: str | Message | None,
        previous: str | None = None,
        *,
        profile: str = "amazon",
        proof: bool = False,
    ) -> Verdict:
        """Judge one message, a text with the buyer's before it or a `Message` of both; see `predict`.

        Raises:
            InputError: `previous` is given beside a `Message`, which has its own.
        """
        if isinstance(text, Message) and previous is not None:
            raise InputError(
                "previous was given beside a Message",
                expected="the buyer's words inside the Message, or a text and previous",
                fix="classifier(Message(text, previous))",
            )
        message = text if isinstance(text, Message) else Message(cast(str, text), previous)
        return self.predict([message], profile=profile, proof=proof)[0]

    def predict(
        self,
        messages: Iterable[Message | str | None],
        *,
        profile: str = "amazon",
        proof: bool = False,
        batch_tokens: int = BATCH_TOKENS,
    ) -> list[Verdict]:
        """Judge messages.

        Args:
            messages: seller texts, or `Message`s with the buyer's words and an id. All are held in memory, some 30 KB
                each; `reviewguard score` is for files of any size.
            profile: policy profile that maps types to the verdict; `settings.profiles` has their names.
            proof: also prove each verdict; see `prove`.
            batch_tokens: tokens per forward pass, 1 or more; verdicts do not depend on it.

        Returns:
            One verdict a message, in order. A message that cannot be scored gets `error`: an empty or missing text
            (None, NaN), for one. Nothing is raised for what a text says.

        Raises:
            InputError: `messages` is one text or a table, or one of them, its text or its `previous`, is neither text
                nor missing; nothing is scored then.
            ConfigError: there is no such profile, or the model was exported before there was one; `batch_tokens` is
                no whole number, or below 1.
        """
        if not isinstance(batch_tokens, Integral) or batch_tokens < 1:
            raise ConfigError(f"batch_tokens is {batch_tokens!r}", expected="a whole number, 1 or more")
        rules = self._rules(profile)
        items = as_messages(messages)
        scored = self._score_readable(items, batch_tokens)
        verdicts = [self._verdict(m, s, rules) for m, s in zip(items, scored, strict=True)]
        if not proof:
            return verdicts
        known = {(m.text, m.previous): s for m, s in zip(items, scored, strict=True)}
        return self._prove(items, verdicts, known)

    def prove(self, messages: Iterable[Message | str | None], verdicts: Sequence[Verdict]) -> list[Verdict]:
        """Each verdict that is not compliant with what is left without its marked words and without the buyer's.

        Violations get the fewest words that decide, too: some sixteen further passes over each, up to sixty over a
        long one.

        Args:
            verdicts: of these messages, by this model.

        Raises:
            InputError: as `predict`; there are more messages than verdicts or fewer, or a verdict is another model's or
                has a `text` or marked words that are not the message's (of one read back without either, it is not
                checked).
            ConfigError: there is no profile of a verdict's name.
        """
        items = as_messages(messages)
        if len(items) != len(verdicts):
            raise InputError(
                f"{len(items)} messages and {len(verdicts)} verdicts",
                expected="one verdict a message, in order",
            )
        other = next((v.model for v in verdicts if v.model != self.model), None)
        if other is not None:
            raise InputError(
                f"a verdict is of model {other!r}", expected=f"verdicts of {self.model}", fix="predict again"
            )
        for at, (message, verdict) in enumerate(zip(items, verdicts, strict=True)):
            if verdict._is_of_another(message.text):
                raise InputError(
                    f"verdict {at} is on another text than message {at}",
                    expected="the verdicts on these messages, in the same order",
                )
        return self._prove(items, verdicts, {} if self._memory is None else self._memory)

    def _prove(
        self, messages: Sequence[Message], verdicts: Sequence[Verdict], known: Memory
    ) -> list[Verdict]:
        """Each message is tried with a cache of its own, dropped afterwards; `known` is only read."""
        return [
            Classifier(self._backend, self.encoder, self.settings, memory=ChainMap({}, known))._proven(m, v)
            if v.verdict in (NEEDS_REVIEW, REVIEW_SOLICITING)
            else v
            for m, v in zip(messages, verdicts, strict=True)
        ]

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
        """Uncalibrated logits, shape `(messages, types)` in the order of `settings.types`.

        -20 where nothing is readable.
        """
        scored = self._score_readable(messages)
        blank = np.full(len(self.settings.types), -20.0)
        return np.stack([s.logits if s else blank for s in scored]) if scored else blank[None][:0]

    def token_evidence(self, messages: Sequence[Message]) -> list[NDArray[np.float64]]:
        """Evidence logits of each message's tokens, shapes `(tokens, types)` in the order of `settings.types`.

        No tokens where nothing is readable.
        """
        nothing = np.zeros((0, len(self.settings.types)))
        return [s.evidence if s else nothing for s in self._score_readable(messages)]

    def _score_readable(
        self, messages: Sequence[Message], batch_tokens: int = BATCH_TOKENS
    ) -> list[RawScores | None]:
        """Scores of each message, identical ones computed once; None where there is nothing to read."""
        scores = {} if self._memory is None else self._memory
        asked = dict.fromkeys((m.text, m.previous) for m in messages)
        new = [exchange for exchange in asked if exchange not in scores]
        encoded = self.encoder.encode_batch([Message(text, previous) for text, previous in new])
        scores.update(zip(new, score(self._backend, encoded, batch_tokens), strict=True))
        return [scores[m.text, m.previous] for m in messages]

    def _verdict(self, message: Message, scores: RawScores | None, rules: Profile) -> Verdict:
        base = Verdict(message.id, None, None, profile=rules.name, model=self.model, text=message.text)
        if scores is None:
            return replace(base, error=nothing_to_read(message.text))
        found = probabilities(scores.logits[None], self.settings, rules)
        probability = float(found.violation[0])
        cuts = self.settings.profiles[rules.name]
        decision = decide(probability, cuts)
        languages = identify_all(scores.encoded.text, scores.encoded.buyer)
        types = self._present_types(found.types[0], rules, decision)
        asks = bool(types) and decision != REVIEW_SOLICITING and rules.mentions("selective")
        unsure = undecided(probability, cuts) if decision == NEEDS_REVIEW else ""
        reasons = doubts(message.text, scores.encoded, languages, asks=asks, unsure=unsure)
        if reasons and decision == COMPLIANT:
            decision = NEEDS_REVIEW
        if decision != COMPLIANT:
            types = tuple(t for t in types if _concerns(rules, t.type))
        if decision == NEEDS_REVIEW:
            reasons = (*reasons, *halves(types, rules))
        return replace(
            base,
            verdict=decision,
            probability=round(probability, 6),
            types=types,
            evidence=tuple(self._evidence(message.text, scores, types)),
            language=languages.whole.code,
            reasons=reasons,
            clear_because=self._clear_because(message.text, scores, types, rules)
            if decision == COMPLIANT
            else (),
        )

    def _present_types(
        self, values: NDArray[np.float64], rules: Profile, decision: Decision
    ) -> tuple[TypeScore, ...]:
        """Types above their thresholds, in line with the decision.

        None that breaks a rule where it is compliant; those of the likeliest rule at least where it is accused, or
        where a person shall look and the rule is likely enough to be named.
        """
        by_name = dict(zip(self.settings.types, values.tolist(), strict=True))
        present = {t for t, p in by_name.items() if p >= self.settings.type_thresholds[t]}
        known = [rule for rule in rules.any_of if by_name.keys() >= set(rule)]
        if decision == COMPLIANT:
            present -= rules.breaking_types(present)
        elif known and not rules.is_broken(present):
            likeliest = max(known, key=lambda rule: min(by_name[t] for t in rule))
            share = WORTH_NAMING if decision == NEEDS_REVIEW else 0.0
            if all(by_name[t] >= share * self.settings.type_thresholds[t] for t in likeliest):
                present |= set(likeliest)
        ordered = sorted(present, key=lambda t: -by_name[t])
        return tuple(TypeScore(t, round(by_name[t], 6)) for t in ordered)

    def _evidence(self, text: str, scores: RawScores, types: Sequence[TypeScore]) -> list[Evidence]:
        spans = []
        for item in types:
            words = self._word_scores(text, scores, item.type)
            found = evidence_spans(text, item.type, words, self.settings.token_threshold)
            suspected = item.probability < self.settings.type_thresholds[item.type]
            spans += [e for e in found if not (suspected and says_nothing(e.text))]
        return sorted(spans, key=lambda e: (e.start, e.end))

    def _clear_because(
        self, text: str, scores: RawScores, types: Sequence[TypeScore], rules: Profile
    ) -> tuple[str, ...]:
        places = trigger_words(text)
        if not places and not types:
            return ()
        words = {kind: self._word_scores(text, scores, kind) for kind in self.settings.types}
        return clear_because(places, words, types, self.settings.token_threshold, rules.name)

    def _word_scores(self, text: str, scores: RawScores, type_name: str) -> WordScores:
        kind = self.settings.types.index(type_name)
        evidence, attention = scores.evidence[:, kind], scores.attention[:, kind]
        return word_scores(text, scores.offsets, sigmoid(evidence), attention)

    def _proven(self, message: Message, verdict: Verdict) -> Verdict:
        rules = self._rules(verdict.profile)

        def left(changed: Sequence[Message]) -> NDArray[np.float64]:
            return probabilities(self.predict_logits(changed), self.settings, rules).violation

        cuts = self.settings.profiles[rules.name]
        probability = verdict.probability or 0.0
        flagged = probability >= cuts.threshold
        below = cuts.threshold if flagged else cuts.lower
        answers = message.previous is not None and probability >= below
        depends = answers and left([replace(message, previous=None)])[0] < below
        return replace(
            self._without_marks(message, verdict, left),
            decisive=self._decisive_words(message, verdict, rules, left) if flagged else None,
            buyer=decisive_clauses(self._as_read(message), left, below) if depends else None,
        )

    def _as_read(self, message: Message) -> Message:
        return replace(message, previous=self.encoder.read_of(message.previous or ""))

    def _without_marks(self, message: Message, verdict: Verdict, left: Left) -> Verdict:
        if not verdict.evidence:
            return verdict
        rest = without_spans(message.text, [(e.start, e.end) for e in verdict.evidence])
        if not has_words(rest):
            return verdict
        (probability,) = left([replace(message, text=rest)]).tolist()
        return replace(verdict, without_evidence=round(probability, 6))

    def _decisive_words(self, message: Message, verdict: Verdict, rules: Profile, left: Left) -> Proof | None:
        kinds = rules.breaking_types([t.type for t in verdict.types])
        (scores,) = self._score_readable([message])
        assert scores is not None  # what is flagged was read
        evidence = [e for e in verdict.evidence if e.type in kinds]
        found = [self._word_scores(message.text, scores, kind) for kind in sorted(kinds)]
        if not found:
            return None
        words = found[0].words
        fitted = load_policy().profile("amazon").any_of == rules.any_of  # see `attribution_fit`
        if scores.attribution is not None and fitted:
            probability = np.max([s.probability for s in found], axis=0)
            weight = deciding(probability, word_effects(words, scores.offsets, scores.attribution))
        else:
            weight = np.sum([s.weight for s in found], axis=0)
        cuts = self.settings.profiles[rules.name]
        return decisive_words(message, evidence, words, weight, left, cuts.threshold, cuts.lower)


def _concerns(rules: Profile, kind: str) -> bool:
    """Whether the profile has a rule about the type; its order rules count neutral asks."""
    counted = kind == NEUTRAL_REQUEST and bool(rules.order_rules)
    return counted or rules.mentions(kind)
