from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewguard.encoding import MAX_CHARACTERS, MAX_PREVIOUS_CHARACTERS, Limits, MessageEncoder, collate
from reviewguard.errors import ModelError
from reviewguard.schema import Message
from reviewguard.text import NormalizedText

LIMITS = Limits(window=32, stride=8, previous=6)


@pytest.fixture(scope="module")
def encoder(tiny_base: Path) -> MessageEncoder:
    return MessageEncoder.from_file(tiny_base / "tokenizer.json", LIMITS)


def test_a_window_is_cls_seller_sep(encoder: MessageEncoder) -> None:
    (window,) = encoder.encode(Message("Please leave a review")).windows
    assert window.ids[0] == encoder.cls_id
    assert window.ids[-1] == encoder.sep_id
    assert set(window.type_ids) == {0}
    assert window.seller == (1, len(window.ids) - 1)


def test_the_buyer_comes_first_with_token_type_one_and_is_cut(encoder: MessageEncoder) -> None:
    (window,) = encoder.encode(Message("ok", "it is great " * 20)).windows
    first, last = window.seller
    assert window.type_ids[1:first] == (1,) * (LIMITS.previous + 1)
    assert window.type_ids[first : last + 1] == (0,) * (last - first + 1)


def test_a_long_text_is_read_in_overlapping_windows_that_cover_every_token(encoder: MessageEncoder) -> None:
    text = " ".join(f"word{i}" for i in range(60))
    windows = encoder.encode(Message(text, "great")).windows
    assert len(windows) > 2
    assert all(len(w.ids) <= LIMITS.window for w in windows)
    seen = {pair for w in windows for pair in w.offsets}
    assert "".join(text[s:e] for s, e in sorted(seen)) == text.replace(" ", "")
    assert all(set(a.offsets) & set(b.offsets) for a, b in pairwise(windows))


@pytest.mark.parametrize("sentence", ["He is on it. ", "Is it in? ", "Go on!!! "])
def test_windows_of_a_long_text_hold_whole_sentences(encoder: MessageEncoder, sentence: str) -> None:
    text = sentence * 40
    windows = encoder.encode(Message(text)).windows
    assert len(windows) > 2
    parts = [text[w.offsets[0][0] : w.offsets[-1][1]] for w in windows]
    assert all(f"{part} ".replace(sentence, "") == "" for part in parts)
    assert windows[-1].offsets[-1][1] == len(text) - 1
    assert all(b.offsets[0][0] <= a.offsets[-1][1] + 1 for a, b in pairwise(windows))


def test_windows_of_a_list_without_full_stops_hold_whole_lines(encoder: MessageEncoder) -> None:
    text = "- we never ask you to\n" * 40
    windows = encoder.encode(Message(text)).windows
    assert len(windows) > 2
    assert all(text[w.offsets[0][0] :].startswith("- we") for w in windows)
    assert all(text[: w.offsets[-1][1]].endswith("to") for w in windows)


def test_a_line_that_is_broken_within_a_sentence_begins_no_window_beside_one(encoder: MessageEncoder) -> None:
    text = "He is\non it. " * 40
    windows = encoder.encode(Message(text)).windows
    assert len(windows) > 2
    assert all(text[w.offsets[0][0] :].startswith("He") for w in windows)


@given(st.text(alphabet="ab .!?\n", max_size=300), st.sampled_from(["", "great"]))
def test_every_character_of_a_long_text_is_read(encoder: MessageEncoder, text: str, buyer: str) -> None:
    windows = encoder.encode(Message(text, buyer)).windows
    read = {at for w in windows for start, end in w.offsets for at in range(start, end)}
    assert all(at in read for at, character in enumerate(text) if not character.isspace())
    assert all(len(w.ids) <= LIMITS.window for w in windows)


@given(st.text(max_size=120))
def test_offsets_are_ranges_of_the_text_as_given(encoder: MessageEncoder, text: str) -> None:
    for window in encoder.encode(Message(text)).windows:
        assert all(0 <= s < e <= len(text) for s, e in window.offsets)


def test_text_beyond_the_limit_is_reported(encoder: MessageEncoder) -> None:
    assert encoder.encode(Message("a " * MAX_CHARACTERS)).truncated
    assert not encoder.encode(Message("a")).truncated


@pytest.mark.parametrize("symbol", ["\ufdfa", "\U0001f44d\U0001f44e"])
def test_symbols_that_stand_for_many_letters_are_read_up_to_the_same_limit(
    encoder: MessageEncoder, symbol: str
) -> None:
    many = encoder.encode(Message(symbol * (MAX_CHARACTERS // 5)))
    assert len(many.text) == MAX_CHARACTERS
    assert many.truncated
    assert not encoder.encode(Message(symbol)).truncated


def test_what_stands_behind_many_blanks_is_read(encoder: MessageEncoder) -> None:
    behind = encoder.encode(Message(" \n" * MAX_CHARACTERS + "Leave us five stars!"))
    assert not behind.truncated
    assert [w.ids for w in behind.windows] == [
        w.ids for w in encoder.encode(Message("Leave us five stars!")).windows
    ]


def test_a_text_without_tokens_has_no_window(encoder: MessageEncoder) -> None:
    assert encoder.encode(Message(" \u200b\n")).windows == ()


def test_padding_is_masked(encoder: MessageEncoder) -> None:
    windows = [w for t in ("one", "one two three") for w in encoder.encode(Message(t)).windows]
    batch = collate(windows, encoder.pad_id)
    assert batch.attention_mask.sum(axis=1).tolist() == [len(w.ids) for w in windows]
    assert batch.seller_mask.sum(axis=1).tolist() == [len(w.offsets) for w in windows]
    assert (batch.input_ids[batch.attention_mask == 0] == encoder.pad_id).all()


def test_a_broken_tokenizer_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError, match="expected: a tokenizers JSON file"):
        MessageEncoder.from_file(tmp_path / "tokenizer.json", LIMITS)


def test_the_buyers_words_that_are_read_are_a_beginning_of_the_message(encoder: MessageEncoder) -> None:
    long = "It is great, really great. " * 20
    read = encoder.read_of(long)
    assert long.startswith(read)
    assert encoder.encode(Message("ok", read)).windows == encoder.encode(Message("ok", long)).windows
    assert encoder.read_of("Hi") == "Hi"


def test_prose_is_made_of_what_is_read_alone(
    encoder: MessageEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def spy(text: NormalizedText, original: str) -> str:
        seen.append(len(original))
        return text.text

    monkeypatch.setattr(NormalizedText, "prose", spy)
    encoder.encode(Message(" " + "a " * MAX_CHARACTERS, "b " * MAX_PREVIOUS_CHARACTERS))
    assert seen == [MAX_CHARACTERS + 1, MAX_PREVIOUS_CHARACTERS]


def test_blanks_at_the_end_of_a_message_are_not_missed(encoder: MessageEncoder) -> None:
    assert not encoder.encode(Message("Thanks." + " " * MAX_CHARACTERS)).truncated
    assert not encoder.encode(Message("Thanks.", "Hi" + " " * MAX_PREVIOUS_CHARACTERS)).buyer_cut
