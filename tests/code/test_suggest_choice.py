"""Which messages are worth a label: unsure ones, one of each kind, unlike each other and unlike what is labelled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from reviewguard.inference.doubts import undecided
from reviewguard.inference.uncertain import least_certain, uncertainty
from reviewguard.modeling.diversity import pick_diverse
from reviewguard.schema import Message, Record, ScoredRecord, Verdict
from reviewguard.settings import ProfileSettings

CUTS = ProfileSettings(lower=0.05, upper=0.9)
TOPICS = {
    "stars": "leave us five stars for the {} if it made you happy today",
    "card": "we send a gift card of ten dollars once your {} opinion is online",
    "remove": "kindly take down what you wrote about the {} and we refund you in full",
    "parcel": "your {} was handed to the carrier and should arrive before the weekend",
}
PRODUCTS = ("kettle", "lamp", "garden hose", "rug", "chess set", "phone case", "blanket", "drill")


def row(number: int, text: str, probability: float | None, *reasons: str) -> ScoredRecord:
    verdict = Verdict(None, "compliant", probability, reasons=reasons, text=text)
    return ScoredRecord(number, Record("export.csv", f"line {number}", {"body": text}, text), None, verdict)


def test_uncertainty_is_highest_in_the_middle_and_fades_outside_the_thresholds() -> None:
    values = [uncertainty(p, CUTS) for p in (0.0, 0.001, 0.02, 0.05, 0.2, 0.5)]
    assert values == sorted(values)
    assert values[-1] == 1.0
    assert uncertainty(0.9, CUTS) > uncertainty(0.95, CUTS) > uncertainty(0.999, CUTS) > 0
    assert uncertainty(0.0499, CUTS) == pytest.approx(uncertainty(0.05, CUTS), abs=0.01)


def test_only_the_least_certain_are_kept_and_one_of_each_kind() -> None:
    rows = [
        row(1, "Hi Ana, how is the kettle?", 0.5),
        row(2, "Hi Ben, how is the kettle?", 0.5),
        row(3, "Your parcel left.", 0.001),
        row(4, "Tell us how you like the rug.", 0.3),
        row(5, "Gracias por su compra", 0.5, "language: es, the model reads English"),
        row(6, "", None),
        ScoredRecord(7, Record("export.csv", "line 7", {}, "Hello", role="buyer"), None, None),
    ]
    found = least_certain(rows, CUTS, 2)
    assert [c.row.number for c in found.kept] == [1, 4]
    assert found.kept[0].same == 2
    assert (found.judged, found.kinds, found.unfit) == (4, 3, 1)


def test_an_undecided_message_is_worth_a_label() -> None:
    found = least_certain([row(1, "How is the kettle?", 0.3, undecided(0.3, CUTS))], CUTS, 2)
    assert (len(found.kept), found.unfit) == (1, 0)


@pytest.mark.parametrize("backwards", [False, True])
def test_the_least_certain_sending_of_a_kind_is_kept_wherever_it_stands(backwards: bool) -> None:
    rows = [
        row(1, "Hi Ana, how is the kettle?", 0.001),
        row(2, "Your parcel left.", 0.01),
        row(3, "Hi Ben, how is the kettle?", 0.5),
        row(4, "Hi Cleo, how is the kettle?", 0.06),
        row(5, "Tell us how you like the rug.", 0.3),
        row(6, "Your parcel left.", 0.04),
    ]
    found = least_certain(reversed(rows) if backwards else rows, CUTS, 2)
    assert [(c.row.number, c.same) for c in found.kept] == [(3, 3), (5, 1)]
    assert [c.row.number for c in least_certain(rows, CUTS, 3).kept] == [3, 5, 6]


def test_memory_is_bounded_by_the_candidates_kept() -> None:
    alive = 0

    class Counted(ScoredRecord):
        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def stream() -> Iterator[ScoredRecord]:
        nonlocal alive
        for i in range(3_000):
            source = row(i, f"message {chr(97 + i % 26)}{chr(97 + i // 26 % 26)}x{chr(97 + i // 676)}", 0.3)
            alive += 1
            yield Counted(source.number, source.record, None, source.verdict)
            assert alive < 60

    assert len(least_certain(stream(), CUTS, 50).kept) == 50


def alone(texts: Sequence[str]) -> list[Message]:
    """Without a buyer's words before them."""
    return [Message(text) for text in texts]


def messages() -> tuple[list[str], list[float]]:
    texts = [topic.format(product) for topic in TOPICS.values() for product in PRODUCTS]
    return texts, [0.5 + i % 8 / 16 for i in range(len(texts))]


def topic_of(text: str) -> str:
    return next(name for name, topic in TOPICS.items() if topic.split("{}")[0] in text)


def test_a_choice_covers_every_topic() -> None:
    texts, weights = messages()
    picks = pick_diverse(alone(texts), weights, (), 4, seed=1)
    assert {topic_of(texts[p.index]) for p in picks} == set(TOPICS)
    assert sum(p.alike for p in picks) == len(texts)
    assert {p.nearest for p in picks} == {None}


def test_what_is_like_labelled_messages_comes_last_and_the_same_never() -> None:
    texts, weights = messages()
    labelled = [TOPICS["stars"].format("mirror"), texts[-1].upper()]
    picks = pick_diverse(alone(texts), weights, alone(labelled), len(texts), seed=1)
    chosen = [texts[p.index] for p in picks]
    assert texts[-1] not in chosen
    assert topic_of(chosen[0]) not in ("stars", "parcel")
    nearest = {topic_of(texts[p.index]): p.nearest or 0.0 for p in picks}
    assert nearest["stars"] > 0.5 > nearest["card"]


def test_near_identical_texts_are_never_chosen_twice() -> None:
    text = "Thank you for your order of the kettle, we hope that it serves you well for many years to come"
    texts = [
        text,
        f"{text}!",
        text.replace("Thank", "thank"),
        f"{text} :)",
        "Where should we send the new lid?",
    ]
    picks = pick_diverse(alone(texts), [1.0] * 5, (), 5, seed=1)
    assert sorted(texts[p.index] == texts[4] for p in picks) == [False, True]


def test_the_same_text_after_other_words_of_the_buyer_is_another_message() -> None:
    text, praise = "Could you share that in a review?", "I love it, thank you! Best lamp ever."
    asked = Message(text, "Where can I rate the parcel?")
    for known, candidate, chosen in (
        (Message(text), Message(text, praise), True),
        (Message(text, praise), Message(text), True),
        (asked, Message(text, praise), True),
        (Message(text, praise), Message(text, praise.lower()), False),
        (Message("It leaves on Monday, with a new lid", praise), Message(text, praise), True),
    ):
        assert bool(pick_diverse([candidate], [1.0], [known], 1, seed=1)) == chosen


def test_the_more_uncertain_of_a_group_is_chosen_and_a_seed_repeats_itself() -> None:
    texts, weights = messages()
    picks = pick_diverse(alone(texts), weights, (), 4, seed=1)
    assert picks == pick_diverse(alone(texts), weights, (), 4, seed=1)
    assert {weights[p.index] for p in picks} == {max(weights)}
    assert pick_diverse([], [], alone(["x"]), 4, seed=1) == []
