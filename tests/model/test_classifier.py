"""The classifier around a scripted backend, so that what it does with scores is tested, not the scores."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from reviewguard.encoding import Batch, Forward, Limits, MessageEncoder
from reviewguard.errors import ConfigError, InputError
from reviewguard.inference.classifier import Classifier
from reviewguard.inference.clear import clear_because
from reviewguard.inference.doubts import is_judged, undecided
from reviewguard.inference.spans import WordScores
from reviewguard.inference.templates import check_template
from reviewguard.policy import load_policy
from reviewguard.schema import Message, Verdict
from reviewguard.settings import ProfileSettings, Settings

TYPES = tuple(load_policy().types)
GIFT = TYPES.index("incentive")
ASK = TYPES.index("neutral_request")
SERVICE = "Your parcel will arrive on Friday. The lamp and the bulb are in the box that is on its way to you."


class WordBackend:
    """Finds the tokens of two words: 'gift' is an incentive, 'review' a neutral ask."""

    threads = 1

    def __init__(self, encoder: MessageEncoder) -> None:
        ids = {word: set(self._ids(encoder, word)) for word in ("gift", "review")}
        self._columns = {GIFT: ids["gift"], ASK: ids["review"]}
        self.rows = 0

    @staticmethod
    def _ids(encoder: MessageEncoder, word: str) -> list[int]:
        (window,) = encoder.encode(Message(word)).windows
        return list(window.ids[slice(*window.seller)])

    def run(self, batch: Batch) -> Forward:
        self.rows += len(batch.input_ids)
        shape = (*batch.input_ids.shape, len(TYPES))
        evidence = np.full(shape, -6.0, dtype=np.float32)
        for column, ids in self._columns.items():
            hit = np.isin(batch.input_ids, list(ids)) & (batch.seller_mask == 1)
            evidence[..., column][hit] = 6.0
        attention = np.exp(evidence) * batch.seller_mask[..., None]
        attention /= attention.sum(axis=1, keepdims=True)
        return Forward((evidence * attention).sum(axis=1), evidence, attention)


@pytest.fixture(scope="module")
def encoder(tiny_base: Path) -> MessageEncoder:
    return MessageEncoder.from_file(tiny_base / "tokenizer.json", Limits(window=64, stride=8, previous=8))


@pytest.fixture
def guard(encoder: MessageEncoder) -> Classifier:
    settings = Settings.uncalibrated("scripted", "1", TYPES, tuple(load_policy().profiles))
    band = ProfileSettings(lower=0.3, upper=0.7)
    settings = replace(settings, limits=encoder.limits, profiles=dict.fromkeys(settings.profiles, band))
    return Classifier(WordBackend(encoder), encoder, settings)


def test_a_violation_is_named_marked_and_proven(guard: Classifier) -> None:
    text = "Hello there, you get a gift from us after that."
    verdict = guard(text, proof=True)
    assert verdict.verdict == "review-soliciting"
    assert [t.type for t in verdict.types] == ["incentive"]
    assert [text[e.start : e.end] for e in verdict.evidence] == ["gift"]
    assert verdict.without_evidence is not None
    assert verdict.without_evidence < 0.3 < 0.7 < (verdict.probability or 0)


class PairBackend(WordBackend):
    """'gift' and 'review' are an incentive together and nothing alone; of the two, `told` would be missed more."""

    def __init__(self, encoder: MessageEncoder, told: str | None) -> None:
        super().__init__(encoder)
        self._words = [self._ids(encoder, word) for word in ("gift", "review")]
        self._told = self._ids(encoder, told) if told else None

    def run(self, batch: Batch) -> Forward:
        hits = [np.isin(batch.input_ids, ids) & (batch.seller_mask == 1) for ids in self._words]
        together = hits[0].any(axis=1, keepdims=True) & hits[1].any(axis=1, keepdims=True)
        evidence = np.full((*batch.input_ids.shape, len(TYPES)), -6.0, dtype=np.float32)
        evidence[..., GIFT][together & (hits[0] | hits[1])] = 6.0
        attention = np.exp(evidence) * batch.seller_mask[..., None]
        attention /= attention.sum(axis=1, keepdims=True)
        effects = None if self._told is None else np.isin(batch.input_ids, self._told).astype(np.float32)
        return Forward((evidence * attention).sum(axis=1), evidence, attention, effects)


@pytest.mark.parametrize(
    ("told", "profile", "decides"),
    [
        (None, "amazon", "gift"),
        ("review", "amazon", "review"),
        ("gift", "amazon", "gift"),
        ("review", "strict", "gift"),  # effects are fitted on amazon's rules
    ],
)
def test_of_words_that_decide_together_the_one_is_named_that_would_be_missed_more(
    guard: Classifier, encoder: MessageEncoder, told: str | None, profile: str, decides: str
) -> None:
    pair = Classifier(PairBackend(encoder, told), encoder, guard.settings)
    verdict = pair("A gift for your review", profile=profile, proof=True)
    assert [e.text for e in verdict.evidence] == ["gift for your review"]
    assert verdict.decisive is not None
    assert [q.text for q in verdict.decisive.words] == [decides]


def test_a_person_is_told_only_of_what_is_likely_enough(guard: Classifier) -> None:
    """Without a gift its probability is 0.2%, far below a tenth of the threshold; between them it is named."""
    text, kinds = "Your parcel will arrive on Friday.", load_policy().violation_types
    for lower, upper, threshold, named in ((0.0, 0.7, 0.5, 0), (0.0, 0.7, 0.01, 1), (0.0, 0.0, 0.5, 1)):
        band = dict.fromkeys(guard.settings.profiles, ProfileSettings(lower=lower, upper=upper))
        thresholds = dict.fromkeys(guard.settings.types, threshold)
        changed = replace(guard.settings, profiles=band, type_thresholds=thresholds)
        verdict = guard.with_settings(changed)(text)
        assert verdict.verdict != "compliant"
        assert len([t for t in verdict.types if t.type in kinds]) == named


def test_what_lies_between_the_thresholds_says_so(guard: Classifier) -> None:
    band = dict.fromkeys(guard.settings.profiles, ProfileSettings(lower=0.0, upper=1.0))
    unsure = guard.with_settings(replace(guard.settings, profiles=band))
    (reason,) = unsure("Your parcel will arrive on Friday.").reasons
    assert (
        reason
        == "undecided: 2% lies between under 0.1% (clear below it) and over 99% (flagged from there on)"
    )
    cuts = ProfileSettings(lower=0.0203, upper=0.912)
    assert undecided(0.9091, cuts).startswith("undecided: 90.9% lies between 2.0% (clear below it) and 91.2%")
    assert undecided(0.91199, cuts).startswith(
        "undecided: 91.199% lies between 2.030% (clear below it) and 91.200%"
    )
    assert undecided(0.5, cuts).startswith("undecided: 50% lies between 2% (clear below it) and 91%")
    assert unsure("Ваша посылка уже отправлена и скоро будет у вас дома").reasons[1:] == ()
    assert guard("You get a gift from us.").reasons == ()


def test_a_clean_message_is_compliant_and_unmarked(guard: Classifier) -> None:
    verdict = guard("Your parcel will arrive on Friday.")
    assert (verdict.verdict, verdict.types, verdict.evidence, verdict.reasons) == ("compliant", (), (), ())


def test_the_profile_decides_about_a_neutral_ask(guard: Classifier) -> None:
    text = "Please leave a review of the lamp."
    assert guard(text).verdict == "compliant"
    assert [t.type for t in guard(text).types] == ["neutral_request"]
    assert guard(text, profile="strict").verdict == "review-soliciting"
    with pytest.raises(ConfigError):
        guard(text, profile="none")


def test_a_profile_the_model_does_not_know_is_refused(guard: Classifier) -> None:
    known = {name: band for name, band in guard.settings.profiles.items() if name != "ftc"}
    with pytest.raises(ConfigError, match="no thresholds for the profile 'ftc'"):
        guard.with_settings(replace(guard.settings, profiles=known))("hello", profile="ftc")


@pytest.mark.parametrize("rules", [(("incentive",), ("invented",)), (("incentive", "invented"),)])
def test_a_type_that_came_into_the_policy_after_the_model_is_never_found(
    guard: Classifier, monkeypatch: pytest.MonkeyPatch, rules: tuple[tuple[str, ...], ...]
) -> None:
    policy = load_policy()
    amazon = replace(policy.profile("amazon"), any_of=rules)
    later = replace(policy, profiles={**policy.profiles, "amazon": amazon})
    monkeypatch.setattr("reviewguard.inference.classifier.load_policy", lambda: later)
    alone = ("incentive",) in rules
    for text, decision in (("You get a gift from us.", "review-soliciting"), (SERVICE, "compliant")):
        assert guard(text).verdict == (decision if alone else "compliant")
    band = dict.fromkeys(guard.settings.profiles, ProfileSettings(lower=0.0, upper=0.7))
    doubted = guard.with_settings(replace(guard.settings, profiles=band))(SERVICE)
    assert (doubted.verdict, doubted.types) == ("needs-review", ())


def test_the_offending_line_is_found_anywhere_in_a_long_letter(guard: Classifier) -> None:
    filler = "We packed the parcel with care and it will leave the house in the morning. " * 30
    middle = filler.index("and it", len(filler) // 2)
    for at in (0, middle, len(filler)):
        text = f"{filler[:at]} Get a gift now. {filler[at:]}"
        verdict = guard(text)
        assert verdict.verdict == "review-soliciting"
        assert {text[e.start : e.end] for e in verdict.evidence} == {"gift"}


def test_verdicts_come_in_order_and_identical_messages_are_scored_once(encoder: MessageEncoder) -> None:
    backend = WordBackend(encoder)
    settings = Settings.uncalibrated("s", "1", TYPES, tuple(load_policy().profiles))
    guard = Classifier(backend, encoder, settings)
    messages = [Message("a gift", id="1"), Message("the parcel is here", id="2"), Message("a gift", id="3")]
    verdicts = guard.predict(messages)
    assert [v.id for v in verdicts] == ["1", "2", "3"]
    assert verdicts[0].probability == verdicts[2].probability
    assert backend.rows == 2
    assert guard.predict([]) == []


def test_one_that_remembers_reads_a_message_once_and_says_the_same(encoder: MessageEncoder) -> None:
    backend = WordBackend(encoder)
    settings = Settings.uncalibrated("s", "1", TYPES, tuple(load_policy().profiles))
    forgetful = Classifier(backend, encoder, settings)
    messages = [Message("a gift"), Message("a gift", "thanks"), Message("")]
    said = forgetful.predict(messages)
    read = backend.rows
    remembering = forgetful.remembering()
    assert remembering.predict(messages) == said
    assert remembering.with_settings(settings).predict(messages) == said
    assert np.array_equal(remembering.predict_logits(messages), forgetful.predict_logits(messages))
    assert backend.rows == 3 * read


@pytest.mark.parametrize("text", ["", "  \n", "\u200b\u200b", "\x00\x01"])
def test_nothing_to_read_is_an_error_not_compliant(guard: Classifier, text: str) -> None:
    verdict = guard(text)
    assert verdict.verdict is None
    assert verdict.probability is None
    assert verdict.error


def test_what_a_table_holds_for_nothing_is_an_error_of_its_row(guard: Classifier) -> None:
    fine = "Your parcel left today."
    holes: Any = [None, np.float32("nan"), pd.NA, Message(pd.NA), Message(pd.NA, fine)]
    missing: list[Any] = [None, float("nan"), pd.NA]
    verdicts = guard.predict([*holes, *(Message(fine, hole) for hole in missing)])
    assert [bool(v.error) for v in verdicts] == [True] * 5 + [False] * 3
    assert {v.probability for v in verdicts[5:]} == {guard(fine).probability}


def test_a_column_of_arrow_is_read_as_a_list(guard: Classifier) -> None:
    fine = "Your parcel left today."
    one, none = guard.predict(pa.chunked_array([[fine, None]]))
    assert (one.probability, bool(none.error)) == (guard(fine).probability, True)


@pytest.mark.parametrize(
    ("messages", "found"),
    [
        (np.array("Leave us 5 stars"), "a ndarray"),
        ("Leave us 5 stars", "a str"),
        ({"text": "Leave us 5 stars"}, "a dict"),
        (pd.DataFrame({"text": ["Leave us 5 stars"]}), "a DataFrame"),
        (Message("Leave us 5 stars"), "a Message"),
        (None, "a NoneType"),
        (["Leave us 5 stars", b"bytes"], "message 1 is of type bytes"),
        ([Message("Hi"), Message("Hi", cast(Any, b"bytes"))], "previous of message 1 is of type bytes"),
        ([["Leave us 5 stars"]], "to fix: predict"),
    ],
)
def test_what_is_no_list_of_messages_is_refused(guard: Classifier, messages: Any, found: str) -> None:
    with pytest.raises(InputError, match=found):
        guard.predict(messages)


def test_one_message_is_judged_as_its_two_texts(guard: Classifier) -> None:
    assert guard(Message("Get a gift now.", "Hello")) == guard("Get a gift now.", "Hello")
    with pytest.raises(InputError, match="beside a Message"):
        guard(Message("Get a gift now."), "Hello")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("https://example.com/a https://example.com/b", "only links"),
        ("Https://bit.ly/3xYzAb", "only links"),
        ("amzn.to/3abcd", "only links"),
        ("<p>12345</p>", "only links, numbers or symbols"),
        ("🙂🙂🙂", "only links, numbers or symbols"),
        ("please" * 17, "without a space"),
        ("leave\u200bus\u200bfive\u200bstars" * 8, "without a space"),
        ("02/03/2026 12:00", "only links, numbers or symbols"),
        ("QUJD" * 200, "without a space"),
        ("QU/D+z" * 100, "without a space"),
        ("Guten Tag, Ihr Paket ist heute bei uns angekommen und wird morgen verschickt.", "language: de"),
        ("Bitte positiv bewerten!", "language: de"),
        ("Deja buena reseña", "language: es"),
        ("Ваша посылка уже отправлена и скоро будет у вас дома", "language: ru"),
        ("طردك في الطريق إليك وسيصل غدا", "language: ar"),
        (f"{SERVICE}\n\nLöschen Sie bitte Ihre schlechte Bewertung.", "language: partly de"),
        (f"{SERVICE} Ta bort ditt dåliga omdöme så betalar vi tillbaka.", "language: partly sv"),
        (f"{SERVICE} レビューを削除してください。", "language: partly ja"),
        (f"{SERVICE} Drei Sterne wären schön!", "language: partly de"),
        (f"{SERVICE}\nBitte 5 Sterne geben!", "language: partly de"),
        (f"{SERVICE} 5 stelle per favore!", "language: partly it"),
        (f"Hi 请给我们五星好评, {SERVICE}", "language: partly zh"),
        (f"Hello\n{SERVICE.rstrip('.')}\nPor favor denos cinco estrellas\nKind regards", "language: partly"),
        (f"{SERVICE.rstrip('.')}\rPor favor denos cinco estrellas\rKind regards", "language: partly"),
        (f"{SERVICE.rstrip('.')} 请给我们五星好评 best regards", "language: partly zh"),
        (f"{SERVICE} 好评返现", "language: partly"),
        (f"{SERVICE} 五 星 好 评 返 现", "language: partly"),
        ("レビューを書いてsupport@shop.comに送ってください", "language: ja"),
        ("www.shop.cn，请给五星好评，截图联系客服领取红包。", "language: "),
        (f"https://shop.cn，请给五星好评。 {SERVICE}", "language: partly zh"),
        (f"Hi, поставьте 5 звезд!\n{SERVICE}", "language: partly ru"),
        (f"Hello, оставьте отзыв!\n{SERVICE}", "language: partly ru"),
        (f"Hello 好评返现, {SERVICE}", "language: partly zh"),
        (f"Hi 리뷰 부탁해요!\n{SERVICE}", "language: partly ko"),
        (f"Hi 리뷰 부탁!\n{SERVICE}", "language: partly ko"),
        (f"Hi اترك تقييم 5 نجوم!\n{SERVICE}", "language: partly ar"),
        (f"Hi اكتب مراجعة!\n{SERVICE}", "language: partly ar"),
        # The identifier is not sure of these: they look like two languages, or like English.
        ("Tak fordi du handler hos os igen", "language: da"),
        ("Mohon tulis ulasan dengan bintang lima ya", "language: id"),
        (f"{SERVICE} qing gei wo men wuxing haoping, xie xie", "language: partly"),
        ("word " * 30_000, "first 100,000 characters"),
        ("word " * 6_553 + "ok", "fills a cell of Excel"),
        ("word " * 6_500 + "word 😀" * 37 + "regards", "fills a cell of Excel"),
    ],
)
def test_what_the_model_cannot_judge_goes_to_a_person(guard: Classifier, text: str, reason: str) -> None:
    verdict = guard(text)
    assert verdict.verdict == "needs-review"
    assert any(reason in r for r in verdict.reasons)


@pytest.mark.parametrize("ending", ["", "and more"])
def test_a_long_text_that_no_cell_cut_is_judged(guard: Classifier, ending: str) -> None:
    assert not any("cell" in reason for reason in guard("word " * 6_553 + ending).reasons)


@pytest.mark.parametrize(
    "run",
    [
        "-" * 200,
        "_" * 200,
        "-=" * 100,
        f"example.com/lamp-with-a-green-shade/dp/B0TEST1234?keywords={'desk-lamp-' * 12}&ref=a",
    ],
)
def test_a_rule_line_or_a_long_link_is_no_endless_word(guard: Classifier, run: str) -> None:
    assert guard(f"Your parcel left today.\n{run}\nThe team").reasons == ()


@pytest.mark.parametrize(
    "text",
    [
        "ok thx",
        "pls chk ur inbox",
        "Size M shipped",
        "5 star pls dear frend we refund u",
        "Merci Anna, size 42 shipped",
        "Gift for Anna",
        "Parcel shipped today",
        "Thank you so much!",
        "ok thx pls msg ur order no",
        "Rosaria Okonkwo Nguyen, Kaffebrenneriet Haushaltswaren GmbH",
        f"Hello Александра Соколова,\n{SERVICE}",
        f"Hello محمد الأحمد, {SERVICE}",
        f"Dear Mr. 山田 太郎,\n{SERVICE}",
        f"Hello สมชาย ใจดี,\n{SERVICE}",
        f"{SERVICE}\nhttps://www.amazon.co.jp/電気ケトル/dp/B0TEST1234",
        f"{SERVICE}\nhttps://www.lumera.de/für-sie/ihre-bestellung-verfolgen\nKind regards",
        f"{SERVICE}\nhttps://www.laposte.fr/outils/suivre-vos-envois?code=1\nKind regards",
        f"{SERVICE}\nhttps://www.myhermes.de/empfangen/sendungsverfolgung/",
        f"{SERVICE} <a href='https://www.myhermes.de/empfangen/ihre-sendung-verfolgen'>Track it</a>",
        f"{SERVICE}\nwww.lumera.co.uk\nfragen-und-antworten@lumera-haushalt.de",
        f"{SERVICE}\nCalle Mayor 12, Madrid\nMit besten Grüßen\nヤマダ",
    ],
)
def test_short_and_broken_english_is_not_called_foreign(guard: Classifier, text: str) -> None:
    assert not any("language" in r for r in guard(text).reasons)


@pytest.mark.parametrize(
    "text",
    [
        "gift \ud800 gift",
        "a\x00gift",
        "<b>gift</b>",
        "\u202egift",
        "gi\u200bft" + "\u200b" * 5000,
        "gift" + "̶" * 3000,
    ],
)
def test_hostile_characters_neither_crash_nor_hide_the_words(guard: Classifier, text: str) -> None:
    verdict = guard(text)
    verdict.to_json().encode("utf-8")
    assert verdict.verdict == "review-soliciting"


class BuyerBackend(WordBackend):
    """'review' counts only where the buyer's words hold 'works'; windows without it have no evidence."""

    def __init__(self, encoder: MessageEncoder) -> None:
        super().__init__(encoder)
        self._works = self._ids(encoder, "works")
        self._columns = {TYPES.index("selective"): self._columns[ASK]}

    def run(self, batch: Batch) -> Forward:
        output = super().run(batch)
        praised = (np.isin(batch.input_ids, self._works) & (batch.token_type_ids == 1)).any(axis=1)
        output.evidence[~praised] = -6.0
        uniform = batch.seller_mask[..., None] / batch.seller_mask.sum(axis=1)[:, None, None]
        attention = np.where(praised[:, None, None], output.attention, uniform)
        return Forward((output.evidence * attention).sum(axis=1), output.evidence, attention)


def test_an_ask_after_a_buyer_who_was_not_read_to_the_end_goes_to_a_person(guard: Classifier) -> None:
    long = "We bought it for my mother and she took a long time to choose. I love it!"
    for text, decision, reasons in (
        ("Please leave a review of the lamp.", "needs-review", 2),
        ("Your parcel will arrive on Friday.", "compliant", 0),
        ("Get a gift now.", "review-soliciting", 0),
    ):
        verdict = guard(text, long)
        assert (verdict.verdict, len(verdict.reasons)) == (decision, reasons)
    assert guard("Please leave a review of the lamp.", "I love it!").reasons == ()


@pytest.mark.parametrize(
    ("thanks", "code"),
    [("Çok memnunum, teşekkürler!", "tr"), ("Excelente!", "und"), ("Danke!", "de"), ("Merci beaucoup", "fr")],
)
def test_an_ask_after_a_buyer_in_another_language_goes_to_a_person(
    guard: Classifier, thanks: str, code: str
) -> None:
    ask = guard("Please leave a review of the lamp.", thanks)
    assert ask.verdict == "needs-review"
    assert ask.reasons[0].startswith(f"language: the buyer wrote {code}")
    assert guard("Your parcel will arrive on Friday.", thanks).reasons == ()


def test_what_the_buyer_said_decides_no_ask_that_is_permitted_to_anyone(guard: Classifier) -> None:
    """`ftc` has no rule on who is asked."""
    text = "Please leave a review of the lamp."
    assert guard(text, "Gracias! " * 20).verdict == "needs-review"
    verdict = guard(text, "Gracias! " * 20, profile="ftc")
    assert (verdict.verdict, verdict.reasons) == ("compliant", ())


def test_an_undecided_message_says_so_before_what_was_not_read_of_the_buyer(guard: Classifier) -> None:
    band = dict.fromkeys(guard.settings.profiles, ProfileSettings(lower=0.0, upper=1.0))
    unsure = guard.with_settings(replace(guard.settings, profiles=band))
    reasons = unsure("Please leave a review of the lamp.", "Gracias! " * 20).reasons
    assert [reason.split()[0] for reason in reasons[:3]] == ["undecided:", "language:", "long:"]
    assert is_judged(reasons)
    assert not is_judged(unsure("Por favor deje una review de la lámpara, gracias", "Gracias! " * 20).reasons)


@pytest.mark.parametrize("thanks", ["Awsome!", "Thankyou!", "Niceee", "Yayyy!!", "ok", "www.danke.de"])
def test_one_english_word_of_a_buyer_makes_no_doubt(guard: Classifier, thanks: str) -> None:
    assert not any("language" in r for r in guard("Please leave a review of the lamp.", thanks).reasons)


def test_marks_that_cover_the_message_prove_nothing(guard: Classifier) -> None:
    verdict = guard("Gift!", proof=True)
    assert (verdict.verdict, verdict.without_evidence, verdict.decisive) == ("review-soliciting", None, None)


def test_emoji_beside_the_marks_are_words_that_are_left(guard: Classifier) -> None:
    """🎁 is read as "wrapped gift", and no more than three phrases are marked."""
    verdict = guard("🎁! ! ! ! 🎁! ! ! ! 🎁! ! ! ! 🎁", proof=True)
    assert [e.text for e in verdict.evidence] == ["🎁"] * 3
    assert verdict.without_evidence is not None and verdict.without_evidence > 0.7


def test_the_fewest_words_that_decide_are_given_with_the_proof(guard: Classifier) -> None:
    text = "Hello there, you get a gift from us after that."
    assert guard(text).decisive is None
    proven = guard(text, proof=True)
    assert proven.decisive is not None
    assert [(q.text, text[q.start : q.end]) for q in proven.decisive.words] == [("gift", "gift")]
    assert proven.decisive.probability == proven.without_evidence
    assert proven.buyer is None
    assert guard("Your parcel will arrive on Friday.", proof=True).decisive is None


def test_a_verdict_that_depends_on_the_buyer_names_the_buyers_words(encoder: MessageEncoder) -> None:
    settings = Settings.uncalibrated("s", "1", TYPES, tuple(load_policy().profiles))
    guard = Classifier(BuyerBackend(encoder), encoder, settings)
    previous = "Hello, it works. Where is it?"
    verdict = guard("Please leave a review.", previous, proof=True)
    assert verdict.verdict == "review-soliciting"
    assert verdict.buyer is not None
    assert [(q.text, previous[q.start : q.end]) for q in verdict.buyer.words] == [("it works", "it works")]
    assert verdict.buyer.probability < 0.5
    assert guard("Please leave a review.", "Where is it?", proof=True).buyer is None
    unread = previous + " We had it sent to the house by the lake." * 9 + " It works."
    proven = guard("Please leave a review.", unread, proof=True)
    assert proven.buyer is not None and [q.text for q in proven.buyer.words] == ["it works"]
    cuts = replace(settings.profiles["amazon"], threshold=0.999999, lower=0.5, upper=0.999999)
    strict = guard.with_settings(replace(settings, profiles={**settings.profiles, "amazon": cuts}))
    doubtful = strict("Please leave a review.", previous, proof=True)
    assert (doubtful.verdict, doubtful.decisive) == ("needs-review", None)
    assert doubtful.buyer is not None and [q.text for q in doubtful.buyer.words] == ["it works"]


def test_verdict_and_marks_do_not_depend_on_the_proof(guard: Classifier) -> None:
    for text in ("Hello there, you get a gift from us.", "Please leave a review of the lamp.", ""):
        plain, proven = guard(text), guard(text, proof=True)
        assert replace(proven, without_evidence=None, decisive=None, buyer=None) == plain


def test_a_proof_reads_nothing_twice_and_keeps_nothing(encoder: MessageEncoder) -> None:
    read: list[tuple[int, ...]] = []

    class Recorder(WordBackend):
        def run(self, batch: Batch) -> Forward:
            read.extend(tuple(row) for row in batch.input_ids.tolist())
            return super().run(batch)

    settings = Settings.uncalibrated("s", "1", TYPES, tuple(load_policy().profiles))
    forgetful = Classifier(Recorder(encoder), encoder, settings)
    text = "Hello there, you get a gift from us after that, and one more gift."
    proven = forgetful(text, proof=True)
    assert proven.decisive is not None
    assert len(read) == len(set(read)) > 2
    remembering = forgetful.remembering()
    verdicts = remembering.predict([text])
    read.clear()
    assert remembering.prove([Message(text)], verdicts) == [proven]
    tried = list(read)
    assert remembering.prove([Message(text)], verdicts) == [proven]
    assert read == 2 * tried
    assert remembering.remembering() is remembering


def test_a_message_beyond_the_longest_gets_no_fewest_words(guard: Classifier) -> None:
    verdict = guard("We packed the parcel with care. " * 150 + "Get a gift now.", proof=True)
    assert verdict.verdict == "review-soliciting"
    assert verdict.decisive is None
    assert verdict.without_evidence is not None


def test_a_compliant_message_about_reviews_says_why_it_is_clear(guard: Classifier) -> None:
    assert guard("The stars on the box, and your rating.").clear_because == (
        "'stars', 'rating' here: no ask (evidence under 0.01)",
    )
    assert guard("A voucher is in the box.").clear_because == (
        "'voucher' here: tied to no review (evidence under 0.01)",
    )
    (ask,) = guard("Please leave a review of the lamp. Your opinion helps.").clear_because
    assert ask.startswith("asks neutrally for a review (")
    assert ask.endswith("which the amazon rules permit once per order")
    assert guard("Please leave a review of the lamp.", profile="strict").clear_because == ()
    assert guard("Your parcel will arrive on Friday.").clear_because == ()


def test_once_per_order_is_said_only_where_it_is_a_rule(guard: Classifier) -> None:
    (ask,) = guard("Please leave a review of the lamp.", profile="ftc").clear_because
    assert ask.endswith("which the ftc rules permit")


def test_a_person_is_told_of_no_type_that_the_profile_has_no_rule_for(guard: Classifier) -> None:
    """Under `ftc` an incentive alone breaks nothing, and nothing is said of neutral asks."""
    band = dict.fromkeys(guard.settings.profiles, ProfileSettings(lower=0.0, upper=1.0))
    unsure = guard.with_settings(replace(guard.settings, profiles=band))
    text = "Please leave a review. You get a gift from us."
    assert {t.type for t in unsure(text).types} == {"incentive", "neutral_request"}
    verdict = unsure(text, profile="ftc")
    assert ([t.type for t in verdict.types], {e.type for e in verdict.evidence}) == (
        ["incentive"],
        {"incentive"},
    )
    assert verdict.reasons[1:] == (
        "permitted: offers a benefit for a review: by itself no breach of the ftc rules",
    )
    assert len(unsure(text).reasons) == 1


def test_a_pronoun_alone_is_no_mark_of_a_suspected_type(encoder: MessageEncoder) -> None:
    settings = Settings.uncalibrated("s", "1", TYPES, tuple(load_policy().profiles))
    band = dict.fromkeys(settings.profiles, ProfileSettings(lower=0.0, upper=1.0))
    for threshold, marks in ((1.0, 0), (0.0, 1)):
        thresholds = dict.fromkeys(TYPES, threshold) | dict.fromkeys(TYPES[1:], 1.0)
        changed = replace(settings, profiles=band, type_thresholds=thresholds)
        verdict = Classifier(WordBackend(encoder), encoder, changed)("you")
        assert len([e for e in verdict.evidence if e.type == TYPES[0]]) == marks


def test_evidence_too_weak_for_a_verdict_is_named() -> None:
    kind = TYPES[GIFT]
    scores = WordScores(((0, 6), (7, 11)), np.array([0.2, 0.9]), np.zeros(2))
    found = clear_because({"review": [0]}, {kind: scores}, (), 0.1, "amazon")
    assert found == ("'review' here: too little for a rule (evidence 0.20, offers a benefit for a review)",)


def test_marked_words_hold_no_tags(guard: Classifier) -> None:
    text = "<p style='m'>You get a gift</p><p style='m'>Best regards</p>"
    evidence = guard(text).evidence
    assert [e.text for e in evidence] == ["gift"]
    assert [text[e.start : e.end] for e in evidence] == ["gift"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [(71.0, "71"), (np.int64(7), "7"), (float("nan"), None), (pd.NA, None), ("a", "a"), (None, None)],
)
def test_an_id_is_text_or_none(guard: Classifier, given: Any, kept: str | None) -> None:
    assert guard.predict([Message(SERVICE, None, given)])[0].id == kept


def test_prove_takes_what_predict_takes(guard: Classifier) -> None:
    given = ["You get a gift from us after that.", None]
    assert guard.prove(given, guard.predict(given)) == guard.predict(given, proof=True)
    with pytest.raises(InputError, match="2 messages and 1 verdicts"):
        guard.prove(given, guard.predict(given)[:1])
    others = [replace(verdict, model="other-1") for verdict in guard.predict(given)]
    with pytest.raises(InputError, match="a verdict is of model 'other-1'"):
        guard.prove(given, others)


def test_prove_refuses_verdicts_on_other_texts(guard: Classifier) -> None:
    given = ["You get a gift from us after that.", "A gift for your review."]
    verdicts = guard.predict(given)
    read_back = [Verdict.from_dict(verdict.to_dict()) for verdict in verdicts]
    assert guard.prove(given, read_back) == [replace(v, text="") for v in guard.predict(given, proof=True)]
    for others in (verdicts, read_back):
        with pytest.raises(InputError, match="verdict 0 is on another text than message 0"):
            guard.prove(given[::-1], others)
    unmarked = Verdict.from_dict(guard("Your lamp ships today.").to_dict())
    assert guard.prove(given[:1], [unmarked]) == [unmarked]  # without text and marks it does not tell


def test_each_reason_begins_with_a_word_that_the_manual_has(guard: Classifier) -> None:
    band = dict.fromkeys(guard.settings.profiles, ProfileSettings(lower=0.0, upper=1.0))
    unsure = guard.with_settings(replace(guard.settings, profiles=band))
    found = (
        unsure("Please leave a review of the lamp. You get a gift.", "Gracias! " * 20, profile="ftc"),
        unsure("Please leave a review of the lamp.", "Gracias! " * 20),
        guard("12345 67890"),
        check_template(guard, "{% if happy %}Please leave a review of the lamp.{% endif %}"),
    )
    begin = {reason.partition(":")[0] for verdict in found for reason in verdict.reasons}
    assert begin == set(re.findall(r"^ +`(\w+)`:", Verdict.__doc__ or "", re.MULTILINE))


@pytest.mark.parametrize("tokens", [0, 2.5, "5", None])
def test_a_batch_of_no_tokens_is_refused(guard: Classifier, tokens: Any) -> None:
    with pytest.raises(ConfigError, match=f"batch_tokens is {tokens!r}"):
        guard.predict([SERVICE], batch_tokens=tokens)
