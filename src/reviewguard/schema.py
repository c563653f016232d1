"""The values that travel through the system: frozen, and with one JSON form each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, Literal, get_args

from reviewguard.errors import InputError

Decision = Literal["compliant", "needs-review", "review-soliciting"]

COMPLIANT: Decision = "compliant"
NEEDS_REVIEW: Decision = "needs-review"
REVIEW_SOLICITING: Decision = "review-soliciting"

Role = Literal["seller", "buyer", "system"]
Cell = str | int | float | bool | None | datetime


@dataclass(frozen=True, slots=True)
class Message:
    """One seller-to-buyer text.

    Attributes:
        text: the seller's words, exactly as sent; plain text (`reviewguard.html_to_text` makes it of HTML).
        previous: the buyer's last message before it, also where the seller has written since, or None. One message,
            not several joined; of a long one the beginning is read (`settings.limits`).
        id: the caller's name for it, returned with the verdict as text.
    """

    text: str
    previous: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class Rationale:
    """Character offsets into the seller's text (end exclusive) that make one type true."""

    start: int
    end: int
    type: str

    def evidence(self, text: str) -> Evidence:
        """The same stretch of the text as a mark to show, with all the weight."""
        return Evidence(self.start, self.end, text[self.start : self.end], self.type, 1.0)


@dataclass(frozen=True, slots=True)
class LabelledMessage:
    """A message with its labels: one row of the dataset.

    Attributes:
        types: types of the labelling guide that are present.
        rationale: the shortest stretches that make each type true; may be empty where unknown.
        family: groups messages born of one idea; never split across train, validation and test.
        product, register, channel, writer_brief: what the message is about and how it was written.
    """

    id: str
    text: str
    previous: str | None
    types: tuple[str, ...]
    rationale: tuple[Rationale, ...] = ()
    family: str = ""
    product: str = ""
    register: str = ""
    channel: str = ""
    writer_brief: str = ""

    @property
    def message(self) -> Message:
        """The part a model may see."""
        return Message(self.text, self.previous, self.id)


@dataclass(frozen=True, slots=True)
class TypeScore:
    """How likely one type of the labelling guide is present; `probability` is calibrated, 0–1."""

    type: str
    probability: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """A stretch of the message that is marked for one type.

    Attributes:
        start, end: offsets into the text exactly as given (end exclusive). They count Unicode code points, as Python
            does; in JavaScript, `Array.from(text).slice(start, end).join("")`.
        text: `message.text[start:end]`.
        type: the type it is evidence for.
        weight: its share of that type's evidence, 0–1.
    """

    start: int
    end: int
    text: str
    type: str
    weight: float


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of a text: `text[start:end]` of it, offsets as those of `Evidence`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Proof:
    """The fewest words found without which a message is no longer taken for a violation.

    Attributes:
        words: in text order.
        probability: what is left once they are taken out, 0–1.
    """

    words: tuple[Quote, ...]
    probability: float

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Proof:
        """Read the JSON form back."""
        return cls(tuple(Quote(**item) for item in values["words"]), values["probability"])


@dataclass(frozen=True, slots=True)
class Verdict:
    """What reviewguard says about one message.

    Attributes:
        verdict: the decision under `profile`; None when the message could not be scored (see `error`).
        probability: calibrated probability, 0–1, that the message breaks the profile's rules.
        types: types above their thresholds, likeliest first, of a verdict that is not compliant only those that the
            profile has a rule about; where none of them breaks a rule, also those of the likeliest rule: of a
            needs-review verdict from a tenth of their thresholds, of a review-soliciting one in any case.
        evidence: the words marked for each of the types, at most three phrases a type, in text order.
        language: ISO 639 code of the seller's text, of two letters or three, "und" when it cannot be told.
        reasons: why a person should look, each a sentence for people behind one of these words and a colon:
            `undecided`: the probability lies between the profile's two thresholds;
            `language`: the text, a part of it or the buyer's message is not English;
            `long`: the text, or the buyer's message, was not read to its end;
            `unreadable`: no words, or a run of characters without end;
            `permitted`: what was found breaks no rule of the profile by itself;
            `condition`: of a template, a condition looks at how content the buyer is (see `check_template`).
        profile: the policy profile applied.
        model: name and version of the model.
        error: what kept the message from being scored, or None.
        without_evidence: probability once the marked words are taken out; None when nothing was marked, no word is
            left, the verdict is compliant, or the proof was not asked for.
        decisive: the fewest words found, marked ones where these suffice, without which the verdict is compliant, or,
            where none make it so, the probability below the single cut; None when the proof was not asked for, the
            message is no likely violation or longer than 4,000 characters, or is one without any of them, as where no
            word would be left.
        buyer: the same of the buyer's words just before (offsets into `previous`), or, of a needs-review verdict
            below the single cut, those without which the probability is under the lower threshold; None where neither
            depends on them, or the message is longer than 4,000 characters.
        clear_because: for each word about reviews or gifts in a compliant message, why it breaks no rule.
        text: the text judged, for rendering; not part of the JSON form.
    """

    id: str | None
    verdict: Decision | None
    probability: float | None
    types: tuple[TypeScore, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    language: str = "und"
    reasons: tuple[str, ...] = ()
    profile: str = "amazon"
    model: str = ""
    error: str | None = None
    without_evidence: float | None = None
    decisive: Proof | None = None
    buyer: Proof | None = None
    clear_because: tuple[str, ...] = ()
    text: str = field(default="", repr=False)

    def _is_of_another(self, text: str) -> bool:
        """Whether it was made on another text: its `text`, if it has one, differs, or its marks are not found there.

        A verdict with neither text nor marks, as one read back may be, does not tell.
        """
        marks: list[Evidence | Quote] = [*self.evidence, *(self.decisive.words if self.decisive else ())]
        return self.text not in ("", text) or any(text[m.start : m.end] != m.text for m in marks)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: every field but `text`, tuples as lists."""
        values = asdict(self)
        del values["text"]
        for name in ("types", "evidence", "reasons", "clear_because"):
            values[name] = list(values[name])
        for proof in filter(None, (values["decisive"], values["buyer"])):
            proof["words"] = list(proof["words"])
        return values

    def to_json(self, encoding: str = "utf-8") -> str:
        """The JSON form as one line of text; what `encoding` cannot hold, as lone surrogates, is escaped."""
        return json_text(self.to_dict(), encoding)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, text: str = "") -> Verdict:
        """Read the JSON form back.

        Args:
            text: the text judged, which the JSON form leaves out; without it a notebook shows the marked words alone.

        Raises:
            InputError: the values are not those that `to_dict` gives, or the marked words are not the text's.
        """
        try:
            known = {name: values[name] for name in cls.__slots__ if name in values and name != "text"}
            known["types"] = tuple(TypeScore(**item) for item in known.get("types", ()))
            known["evidence"] = tuple(Evidence(**item) for item in known.get("evidence", ()))
            for name in ("reasons", "clear_because"):
                known[name] = tuple(known.get(name, ()))
            for name in ("decisive", "buyer"):
                known[name] = Proof.from_dict(known[name]) if known.get(name) else None
            verdict = cls(**known, text=text)
            if verdict.verdict not in (*get_args(Decision), None):
                raise ValueError(f"verdict is {verdict.verdict!r}")
            if verdict.probability is not None and not 0 <= verdict.probability <= 1:
                raise ValueError(f"probability is {verdict.probability!r}")
            other = bool(text) and verdict._is_of_another(text)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"no verdict: {error}", expected="the JSON form that `Verdict.to_dict` gives"
            ) from error
        if other:
            raise InputError("the marked words do not stand in the text", expected="the text that was judged")
        return verdict

    def _repr_html_(self) -> str:
        from reviewguard.inference.render import verdict_html

        return verdict_html(self)


def json_text(values: Any, encoding: str = "utf-8") -> str:
    """As one line of JSON; where `encoding` cannot hold it, as a lone surrogate, escaped."""
    text = json.dumps(values, ensure_ascii=False)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return json.dumps(values)
    return text


@dataclass(frozen=True, slots=True)
class Record:
    """One row of an input, whatever its format: a line of a table, a mail, a comment of a ticket.

    Attributes:
        source: the file it came from, as it was named.
        place: where in the file, for people ("line 12", "ticket 7, comment 2").
        values: the row's own columns, in the file's order.
        text: the words, readable: no HTML, no quoted reply, no footer of the marketplace.
        role: who wrote it; only a seller's record is scored.
        id, thread, order_id, asin, agent, subject: None where the input does not tell.
        sent_at: None where there is no readable date; always with a time zone (UTC where the input names none).
        other_day: the day it was sent if its date, say 03/04/2026, begins with the day and not, as was taken for want
            of a hint, with the month; else None.
        previous: the buyer's words just before, where the row itself holds them.
        error: why the row could not be read, or None; such a row is kept, never scored.
        rest: whether it stands for more than a row that could not be read: a file, the rest of one, or a sheet; not
            for what may be no messages.
        paired: whether `previous` stands in a column of its own, so that the text beside it is the answer.
    """

    source: str
    place: str
    values: Mapping[str, Cell]
    text: str = ""
    role: Role = "seller"
    id: str | None = None
    thread: str | None = None
    order_id: str | None = None
    asin: str | None = None
    agent: str | None = None
    subject: str | None = None
    sent_at: datetime | None = None
    other_day: date | None = None
    previous: str | None = None
    error: str | None = None
    rest: bool = False
    paired: bool = False

    @property
    def size(self) -> int:
        """About how many characters it takes, its own columns among them."""
        cells = sum(len(cell) if isinstance(cell, str) else 8 for cell in self.values.values())
        return len(self.text) + cells

    @property
    def conversation(self) -> str | None:
        """What puts records together: the thread, or the order where no thread is known."""
        return self.thread or self.order_id


@dataclass(frozen=True, slots=True)
class ScoredRecord:
    """A record with its verdict.

    Attributes:
        number: place among all records read, from 1.
        previous: the buyer's words that the verdict took into account.
        verdict: None for a record that is not scored: a buyer's or a notice's, or one with `error`.
    """

    number: int
    record: Record
    previous: str | None
    verdict: Verdict | None
