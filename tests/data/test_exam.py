from pathlib import Path

from reviewguard.curation.agreement import read_readings
from reviewguard.curation.dedup import ALIKE
from reviewguard.curation.nearest import alike, shingles
from reviewguard.curation.sources import read_messages
from reviewguard.readers.labelled import read_labelled

ROOT = Path(__file__).parents[2]
DATA = ROOT / "data"


def test_the_exam_is_marked_and_no_training_message_in_other_words() -> None:
    exam = read_labelled(DATA / "exam.jsonl")
    assert len({message.id for message in exam}) == len(exam)
    assert all({mark.type for mark in message.rationale} == set(message.types) for message in exam)
    ours = read_messages(DATA / "messages").messages
    near = alike([shingles(m.text) for m in exam], [shingles(m.text) for m in ours], ALIKE)
    assert not [message.id for message, found in zip(exam, near, strict=True) if found]


def test_each_message_of_the_exam_was_read_twice() -> None:
    readings = {reading.id for reading in read_readings(ROOT / "docs" / "exam_readings.jsonl")}
    assert {message.id for message in read_labelled(DATA / "exam.jsonl")} <= readings
