"""What `drift` says of two samples, and how a sample is taken."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from reviewguard.encoding import Limits, MessageEncoder
from reviewguard.errors import ModelError
from reviewguard.inference.drift import REFERENCE_FILE, Drift, Sample, compare, measure, read_reference
from reviewguard.schema import COMPLIANT, NEEDS_REVIEW, REVIEW_SOLICITING, Verdict
from reviewguard.settings import Settings

WORDS = ("your", "kettle", "left", "to", "##day", "!", "ke")
VOCABULARY = {word: i for i, word in enumerate(("[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS))}


@pytest.fixture(scope="module")
def encoder() -> MessageEncoder:
    """Reads seven words."""
    tokenizer = Tokenizer(WordPiece(VOCABULARY, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    return MessageEncoder(tokenizer, Limits())


def verdict(text: str, probability: float | None = 0.1, language: str = "en") -> Verdict:
    return Verdict(
        None, COMPLIANT if probability is not None else None, probability, language=language, text=text
    )


def sample(texts: int = 400, *, up: float = 0.0, longer: int = 0, lacking: float = 0.0, spanish: int = 0,
           review: int = 40) -> Sample:  # fmt: skip
    """Messages with evenly spread figures."""
    return Sample(
        messages=texts,
        texts=texts,
        score=Counter(round(min(i / texts + up, 1.0), 3) for i in range(texts)),
        words=Counter(float(20 + i % 60 + longer) for i in range(texts)),
        unknown=Counter(round(i % 10 / 100 + lacking, 2) for i in range(texts)),
        language={"en": texts - spanish, "es": spanish},
        verdict={NEEDS_REVIEW: review, COMPLIANT: texts - review},
        sent={NEEDS_REVIEW: review, COMPLIANT: texts - review},
    )


def compared(before: Sample, after: Sample) -> Drift:
    return compare(before, after, against="october.csv", profile="amazon", model="m-1")


def moved(drift: Drift) -> set[str]:
    return {m.measure for m in drift.movements if m.moved}


def test_samples_of_one_kind_of_mail_hardly_ever_move() -> None:
    chance = np.random.default_rng(11)

    def drawn(texts: int = 75) -> Sample:
        return Sample(
            messages=texts,
            texts=texts,
            score=Counter(chance.beta(2, 3, texts).round(3).tolist()),
            words=Counter(chance.poisson(30, texts).astype(float).tolist()),
            unknown=Counter(chance.beta(1, 20, texts).round(2).tolist()),
            language={"en": texts - 3, "es": 3},
            verdict=(
                decisions := {NEEDS_REVIEW: (n := int(chance.binomial(texts, 0.2))), COMPLIANT: texts - n}
            ),
            sent={REVIEW_SOLICITING: decisions[NEEDS_REVIEW], COMPLIANT: decisions[COMPLIANT]},
        )

    reports = [compared(drawn(), drawn()) for _ in range(400)]
    assert sum(report.moved for report in reports) <= 8  # four are allowed on average


def test_words_that_are_cut_or_unread_are_lacking(encoder: MessageEncoder) -> None:
    assert encoder.word_counts("Your kettle left!") == (3, 0)
    assert encoder.word_counts("Your kettle left today!") == (4, 1)
    assert encoder.word_counts("Zebra, your KETTLE") == (3, 1)
    assert encoder.word_counts("") == (0, 0)


def test_a_sample_counts_each_kind_of_message_once(encoder: MessageEncoder) -> None:
    found = measure(
        [
            verdict("Hi Ana, your kettle left today!", 0.2),
            verdict("Hi Ana, your kettle left today!", 0.2),
            verdict("Hi Ben, your kettle left today!", 0.9),
            verdict("Zebra", 0.1234, "und"),
            verdict("", None),
        ],
        encoder,
    )
    assert (found.messages, found.texts) == (4, 2)
    assert found.score == {0.2: 1, 0.123: 1}
    assert found.words == {6.0: 1, 1.0: 1}
    assert found.unknown == {0.5: 1, 1.0: 1}
    assert found.language == {"en": 1, "und": 1}
    assert found.verdict == {COMPLIANT: 2}
    assert found.sent == {COMPLIANT: 4}
    assert Sample.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_a_text_that_the_buyers_words_decide_counts_once_a_decision(encoder: MessageEncoder) -> None:
    clear, doubtful = verdict("Your kettle left!", 0.1), verdict("Your kettle left!", 0.5)
    sent = [clear, replace(doubtful, verdict=NEEDS_REVIEW), clear]
    found = measure(sent, encoder)
    assert found == measure(sent[::-1], encoder)
    assert found.verdict == {COMPLIANT: 1, NEEDS_REVIEW: 1}
    assert (found.messages, found.texts, found.score) == (3, 2, {0.1: 1, 0.5: 1})


def test_a_mass_mailing_of_one_text_moves_the_share_of_what_was_sent_alone() -> None:
    october = replace(sample(), sent={REVIEW_SOLICITING: 40, COMPLIANT: 360})
    mailing = replace(october, messages=1200, sent={REVIEW_SOLICITING: 840, COMPLIANT: 360})
    drift = compared(october, mailing)
    assert moved(drift) == {"sent"} and not drift.label
    assert "their share of all messages sent is 70.0%, before 10.0%" in drift.movements[1].sentence
    assert "audit" in drift.advice and "Nothing moved" not in drift.advice
    fewer = compared(mailing, october)
    assert moved(fewer) == {"sent"} and "audit" not in fewer.advice
    few_texts = replace(sample(20, review=2), messages=820, sent={REVIEW_SOLICITING: 800, COMPLIANT: 20})
    assert moved(compared(october, few_texts)) == {"sent"}


def test_a_reference_without_copies_counts_what_was_sent_by_its_texts() -> None:
    values = sample().to_dict()
    del values["sent"]
    assert Sample.from_dict(values) == sample()


def test_samples_alike_have_not_moved() -> None:
    drift = compared(sample(), sample(300, review=32))
    assert not drift.moved
    assert not drift.label
    assert all("did not move" in m.sentence for m in drift.movements)
    assert "no reason to label" in drift.advice


@pytest.mark.parametrize(
    ("after", "measure", "words", "label"),
    [
        (sample(up=0.3), "score", "Scores moved up clearly", True),
        (
            sample(lacking=0.05),
            "unknown",
            "lacks moved up clearly: their mean share is 9.5%, before 4.5%",
            True,
        ),
        (sample(review=80), NEEDS_REVIEW, "a person moved up: their share is 20.0%, before 10.0%", True),
        (sample(review=5), NEEDS_REVIEW, "moved down", False),
        (
            sample(longer=12),
            "words",
            "Length moved up clearly: the median is 60 words, before 48 words",
            False,
        ),
        (sample(spanish=20), "language", "not English moved up: its share is 5.0%, before 0.0%", False),
    ],
)
def test_one_measure_that_moves_is_named_alone(after: Sample, measure: str, words: str, label: bool) -> None:
    drift = compared(sample(), after)
    assert moved(drift) == {measure}
    assert words in next(m.sentence for m in drift.movements if m.measure == measure)
    assert drift.label == label
    assert ("suggest" in drift.advice) == label
    assert json.loads(json.dumps(drift.to_dict()))["moved"] is True


def test_verdicts_and_languages_that_change_among_themselves_move_no_share() -> None:
    before = replace(sample(), verdict={NEEDS_REVIEW: 40, COMPLIANT: 300, REVIEW_SOLICITING: 60},
                     language={"en": 360, "es": 40})  # fmt: skip
    after = replace(sample(), verdict={NEEDS_REVIEW: 40, COMPLIANT: 160, REVIEW_SOLICITING: 200},
                    language={"en": 300, "und": 60, "fr": 40})  # fmt: skip
    drift = compared(before, after)
    assert [m.psi for m in drift.movements[-2:]] == [0.0, 0.0]
    assert moved(drift) == set()


def test_a_share_moves_only_where_its_own_test_says_so() -> None:
    before, after = sample(60, review=4), sample(60, review=14)
    found = compared(before, after).movements[-1]
    assert found.p_value > 0.01
    assert found.size == "none"


def test_no_direction_is_named_where_test_and_figure_disagree() -> None:
    before, after = Counter({0.1: 280, 0.9: 120}), Counter({0.2: 360, 0.9: 40})
    found = compared(replace(sample(), score=before), replace(sample(), score=after)).movements[0]
    assert found.sentence.startswith(
        "Scores moved clearly: the mean probability of a violation is 0.27, before 0.34"
    )


def test_text_in_another_language_is_no_reason_to_label() -> None:
    assert "reads English" in compared(sample(), sample(spanish=60)).advice
    other_words = compared(sample(), sample(spanish=60, lacking=0.05))
    assert moved(other_words) == {"language", "unknown"}
    assert "reads English" in other_words.advice and not other_words.label
    more = compared(sample(), sample(spanish=60, review=105))
    assert moved(more) == {"language", "needs-review"}
    assert "reads English" in more.advice and not more.label
    assert compared(sample(), sample(spanish=60, review=160)).label


def test_few_messages_are_said_to_tell_nothing() -> None:
    drift = compared(sample(), sample(30, up=0.9, review=30))
    assert not drift.moved
    assert not drift.label
    assert "30 now" in drift.notes[0]
    assert all("cannot be compared" in m.sentence for m in drift.movements)
    assert {m.size for m in drift.movements} == {"unknown"}


def test_what_a_small_sample_cannot_show_is_said() -> None:
    shares = compared(sample(), sample(60, review=6, spanish=8))
    assert moved(shares) == {"language"}  # of fewer messages than the note says
    assert "KS test would not show a shift of less than 27%" in shares.notes[0]
    assert compared(sample(2000, review=200), sample(2000, review=200)).notes == ()


def test_a_difference_that_chance_may_explain_is_not_called_none() -> None:
    drift = compared(sample(2000, review=100), sample(60, review=8))
    said = drift.movements[-1]
    assert said.size == "none"
    assert "may have moved" in said.sentence
    assert drift.advice.startswith("Nothing moved for certain")
    assert (
        "did not move" in compared(sample(2000, review=100), sample(2000, review=104)).movements[-1].sentence
    )


def reference(folder: Path, **changes: object) -> Settings:
    values = {"weights": "abc", "profiles": {"amazon": sample().to_dict()}} | changes
    (folder / REFERENCE_FILE).write_text(json.dumps(values))
    plain = Settings.uncalibrated("m", "1", ("incentive",), ("amazon", "strict"))
    return replace(plain, files={"model.onnx": "abc"})


def test_a_reference_is_read(tmp_path: Path) -> None:
    assert read_reference(tmp_path, reference(tmp_path), "amazon") == sample()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights": "other"}, "another model"),
        ({"profiles": {"strict": sample().to_dict()}}, "no profile 'amazon'"),
        ({"profiles": {"amazon": {"texts": 1}}}, "malformed"),
        ({"profiles": []}, "no profile|malformed"),
    ],
)
def test_a_reference_that_does_not_fit_is_refused(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    settings = reference(tmp_path, **changes)
    with pytest.raises(ModelError, match=message) as refused:
        read_reference(tmp_path, settings, "amazon")
    assert "--against" in refused.value.fix


def test_a_model_without_a_reference_says_what_to_do(tmp_path: Path) -> None:
    settings = reference(tmp_path)
    (tmp_path / REFERENCE_FILE).unlink()
    with pytest.raises(ModelError, match=r"no reference\.json") as refused:
        read_reference(tmp_path, settings, "amazon")
    assert "--against" in refused.value.fix
