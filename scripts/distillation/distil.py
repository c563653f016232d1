"""Teach the small encoder by a larger one: all-mpnet-base-v2 fine-tuned, then asked about many more messages.

A finished student can be taught further by itself: its own answers hold what it knows, and where the labels contradict
them, the labels count. README.md beside this file has the recipes, for a GPU and for a CPU.

The teacher reads the same tokens: its vocabulary is BERT's, moved by four. The student learns the written labels and
rationales where there are any, and everywhere the teacher's logits and its evidence per token (Hinton, Vinyals & Dean,
"Distilling the knowledge in a neural network", 2015; Jiao et al., "TinyBERT", EMNLP 2020, for the many more texts).
Without `--teachers`, `student` trains on the labels alone; `ask` asks a teacher, or a student that is to teach another.
`finish` names the larger teachers in the model's card where `--seeds` gives theirs.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

import torch
from answers import ask_all, correct, least_sure, mean_answers, report, save_answers
from crossings import crossings, read_buyers
from fitting import Plan, fit
from losses import Loss, TeacherLoss, label_loss
from mixtures import mixtures
from models import Mimic, save_weights, student_model, teacher_model
from neighbours import Neighbours
from options import parse
from rows import DEVICE, Rows
from windows import augmented, facts, take, window_tensors

from reviewguard.curation.storage import load_splits
from reviewguard.errors import InputError
from reviewguard.modeling.config import load_config
from reviewguard.modeling.evidence_model import fast_training
from reviewguard.readers.labelled import read_labelled


def prepare(options: argparse.Namespace) -> None:
    """Windows of training, its augmented copies, crossed pairs, mixtures, and of what is measured on."""
    splits = load_splits(options.data)
    written = splits["train"]
    asked = Random(options.seed).sample(written, options.sample) if options.sample else written
    favoured = [m for m in written if m.writer_brief.startswith(tuple(options.favour))]
    copies = augmented(asked, options.copies, options.workers, seed=options.seed)
    copies += augmented(favoured, options.more, options.workers, seed=options.seed + 1)
    more = read_buyers(options.buyers) if options.buyers else None
    copies += crossings(written, options.crossed, options.seed, more)
    neighbours = Neighbours.of(options.neighbours) if options.neighbours else None
    tensors = partial(window_tensors, tokenizer=options.tokenizer, workers=options.workers)
    result: dict[str, dict[str, Any]] = {
        "train": tensors([*asked, *copies]),
        "mixed": tensors([*mixtures(written, options.mixtures, options.seed, neighbours)]),
    }
    sets = {name: splits[name] for name in ("validation", "test")}
    sets |= {path.stem: read_labelled(path) for path in options.measure_on}
    for name, rows in sets.items():
        result[name] = tensors([replace(m, rationale=()) for m in rows]) | {"facts": facts(rows)}
    torch.save(result, options.out)
    print({name: len(part["ids"]) for name, part in result.items()}, flush=True)


def teacher(options: argparse.Namespace) -> None:
    """Fine-tune a teacher."""
    data = torch.load(options.data)
    torch.manual_seed(options.seed)  # of the fresh head
    model = teacher_model(options.base, dropout=options.dropout)
    fit(model, Rows(data["train"]), label_loss, _plan(options), partial(report, model, data, "teacher"))
    save_weights(model, options.out)


def unpack(options: argparse.Namespace) -> None:
    """Weights of a model folder, to begin with."""
    from reviewguard.unpacking import unpack_model  # what it imports is not installed where a GPU is lent

    save_weights(unpack_model(options.model), options.out)


def ask(options: argparse.Namespace) -> None:
    """Ask a student, or a teacher, about every window of a file."""
    kind = teacher_model if options.teacher else student_model
    save_answers(ask_all(kind(options.base, options.start), torch.load(options.data)), options.out)


def narrow(options: argparse.Namespace) -> None:
    """Ask a student about every window, and keep the mixtures that it is least sure of, and others by chance."""
    data = torch.load(options.data)
    told = ask_all(student_model(options.base, options.start), data)
    labelled = len(data["train"]["ids"])
    kept = least_sure(told["logits"][labelled:], options.keep, options.others, options.seed)
    data["mixed"] = take(data["mixed"], kept)
    rows = torch.cat((torch.arange(labelled), labelled + kept))
    save_answers({name: values[rows] for name, values in told.items()}, options.start)
    torch.save(data, options.out)
    print({"mixed": len(kept)}, flush=True)


def student(options: argparse.Namespace) -> None:
    """Train the small encoder, with the teachers' answers or without."""
    data = torch.load(options.data)
    torch.manual_seed(options.seed)  # of the fresh head
    model = student_model(options.base, options.start, options.dropout)
    rows, loss = _taught(data, options) if options.teachers else (Rows(data["train"]), label_loss)
    mimic = None
    if options.mimic:
        first = teacher_model(options.mimic, options.teachers[0])
        mimic = Mimic(model, first.to(DEVICE).eval().bfloat16())
    with fast_training(model.encoder):
        fit(model, rows, loss, _plan(options), partial(report, model, data, "student"), mimic)
    save_weights(model, options.out)


def _taught(data: dict[str, Any], options: argparse.Namespace) -> tuple[Rows, Loss]:
    told = mean_answers(options.teachers, first_marks=options.first_marks)
    labelled = len(data["train"]["ids"])
    rows = Rows(data["train"], data["mixed"])
    if len(told["logits"]) != len(rows):
        raise InputError(
            f"the teachers' answers are about {len(told['logits'])} windows",
            expected=f"{len(rows)}, those of {options.data}",
            fix="`ask` them about this file",
        )
    if options.corrected:
        correct(told, rows, labelled)
    return rows, TeacherLoss(told["logits"], told["evidence"], labelled, options.trust)


def _plan(options: argparse.Namespace) -> Plan:
    return Plan(**{name: getattr(options, name) for name in Plan.__dataclass_fields__})


def average(options: argparse.Namespace) -> None:
    """The mean of a student's weights and those that it began with."""
    # What it imports is not installed where a GPU is lent.
    from reviewguard.modeling.trainer import mixed_weights

    weights, earlier = torch.load(options.weights), torch.load(options.earlier)
    torch.save(mixed_weights(weights, earlier, options.share), options.out)


def finish(options: argparse.Namespace) -> None:
    """Write the folder of a finished run out of a student's weights."""
    import finishing  # what it imports is not installed where a GPU is lent

    taught_by = {"seeds": options.seeds, **options.taught_by} if options.seeds else None
    config = replace(load_config(options.config), seed=options.seed)
    finishing.finish(
        options.weights,
        config,
        options.data,
        options.out,
        version=options.version,
        taught_by=taught_by,
        started_from=options.started_from,
        seconds=options.seconds,
    )


def main() -> None:
    """Parse and run a command."""
    options = parse(
        str(__doc__),
        {run.__name__: run for run in (prepare, teacher, student, unpack, ask, narrow, average, finish)},
    )
    options.run(options)


if __name__ == "__main__":
    main()
