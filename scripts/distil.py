"""Teach the small encoder by a larger one: all-mpnet-base-v2 fine-tuned, then asked about many more messages.

    python scripts/distil.py prepare build/data --out d.pt
    python scripts/distil.py teacher d.pt --base all-mpnet-base-v2 --seed 13 --out t13.pt
    python scripts/distil.py student d.pt --base FOLDER --teachers t13.pt t14.pt --mimic all-mpnet-base-v2 --out s.pt

The teacher reads the same tokens: its vocabulary is BERT's, moved by four. The student learns the written labels and
rationales where there are any, and everywhere the teacher's logits and its evidence per token (Hinton, Vinyals & Dean,
"Distilling the knowledge in a neural network", 2015; Jiao et al., "TinyBERT", EMNLP 2020, for the many more texts).
Without `--teachers`, `student` trains on the labels alone. Meant for a GPU: some ten minutes on an H100.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mixtures import mixtures
from sklearn.metrics import f1_score, roc_auc_score
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AutoModel

from reviewguard.curation.augment import Pool, augment
from reviewguard.curation.storage import load_splits
from reviewguard.encoding import Limits, MessageEncoder
from reviewguard.modeling.evidence_model import EvidenceModel, HeadConfig
from reviewguard.policy import load_policy
from reviewguard.readers.labelled import read_labelled
from reviewguard.schema import LabelledMessage

TYPES = tuple(load_policy().types)
WIDEST = 256
MEASURED = ("validation", "test", "dev", "service_utterances")
CUDA = torch.cuda.is_available()
DEVICE = "cuda" if CUDA else "cpu"
_WORKER: dict[str, MessageEncoder] = {}


class MPNetTokens(nn.Module):
    """MPNet behind BERT's token ids and segments; the segment's vector starts at nothing."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.mpnet = AutoModel.from_pretrained(base, dtype=torch.float32, add_pooling_layer=False)
        self.config = self.mpnet.config
        self.segment = nn.Embedding(2, self.config.hidden_size)
        nn.init.zeros_(self.segment.weight)
        moved = torch.arange(30522) + 4
        for bert, mpnet in ((101, 0), (102, 2), (0, 1)):
            moved[bert] = mpnet
        self.register_buffer("moved", moved, persistent=False)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Any:
        words = self.mpnet.embeddings.word_embeddings(self.moved[input_ids])
        return self.mpnet(
            inputs_embeds=words + self.segment(token_type_ids), attention_mask=attention_mask
        )


# ---------------------------------------------------------------- windows


def _start_worker(tokenizer: str) -> None:
    _WORKER["encoder"] = MessageEncoder(Tokenizer.from_file(tokenizer), Limits())


def _encode(messages: Sequence[LabelledMessage]) -> list[tuple[Any, ...]]:
    """Per window: ids, segment ids, seller's first and last + 1, labels, marked (token, type) pairs."""
    index = {name: i for i, name in enumerate(TYPES)}
    rows = []
    for example, message in zip(
        messages, _WORKER["encoder"].encode_batch([m.message for m in messages]), strict=True
    ):
        for window in message.windows:
            first = window.seller[0]
            marked = [
                (first + at, index[part.type])
                for at, (start, end) in enumerate(window.offsets)
                for part in example.rationale
                if start < part.end and end > part.start
            ]
            whole = len(message.windows) == 1
            present = {index[t] for t in example.types} if whole else {kind for _, kind in marked}
            rows.append((window.ids, window.type_ids, window.seller, sorted(present), marked))
        rows.append(None)
    return rows


def windows(messages: Sequence[LabelledMessage], tokenizer: Path, workers: int) -> dict[str, Tensor]:
    """Tensors over all windows; `message` says whose each is."""
    parts = [messages[at : at + 500] for at in range(0, len(messages), 500)]
    ids, segments, sellers, labels, marked, owner, lengths = [], [], [], [], [], [], []
    number = 0
    with ProcessPoolExecutor(workers, initializer=_start_worker, initargs=(str(tokenizer),)) as pool:
        for rows in pool.map(_encode, parts):
            for row in rows:
                if row is None:
                    number += 1
                    continue
                at = len(owner)
                ids.append(np.array(row[0], np.int16))
                segments.append(sum(row[1]))
                sellers.append(row[2])
                labels.append([float(i in row[3]) for i in range(len(TYPES))])
                marked += [(at, token, kind) for token, kind in row[4]]
                owner.append(number)
                lengths.append(len(row[0]))
    padded = np.zeros((len(ids), WIDEST), np.int16)
    for at, row in enumerate(ids):
        padded[at, : len(row)] = row
    return {
        "ids": torch.from_numpy(padded),
        "buyer": torch.tensor(segments),
        "seller": torch.tensor(sellers),
        "labels": torch.tensor(labels),
        "marked": torch.tensor(marked or [(0, 0, 0)][:0], dtype=torch.int32).reshape(-1, 3),
        "message": torch.tensor(owner),
        "length": torch.tensor(lengths),
    }


def prepare(options: argparse.Namespace) -> None:
    """Windows of training, its augmented copies, mixtures, and of what is measured on."""
    splits = load_splits(options.data)
    written, pool = splits["train"], Pool.of(splits["train"])
    cut = [written[at : at + 500] for at in range(0, len(written), 500)]
    with ProcessPoolExecutor(options.workers) as executor:
        copies = [
            c
            for part in executor.map(partial(_augmented, pool=pool, copies=options.copies), cut)
            for c in part
        ]
    made = list(mixtures(written, options.mixtures, options.seed))
    sets = {"validation": splits["validation"], "test": splits["test"]}
    sets |= {p.stem: read_labelled(p) for p in options.measure_on}
    encode = partial(windows, tokenizer=options.tokenizer, workers=options.workers)
    result: dict[str, Any] = {"written": len(written), "copies": len(copies)}
    result["train"] = encode([*written, *copies])
    result["mixed"] = encode(made)
    for name, rows in sets.items():
        result[name] = encode([replace(m, rationale=()) for m in rows]) | {"facts": _facts(rows)}
    torch.save(result, options.out)
    print({k: len(v["ids"]) for k, v in result.items() if isinstance(v, dict)}, flush=True)


def _augmented(
    messages: Sequence[LabelledMessage], pool: Pool, copies: int
) -> list[LabelledMessage]:
    return augment(messages, 13, copies, pool=pool)


def _facts(rows: Sequence[LabelledMessage]) -> dict[str, Any]:
    """What the quick figures need: who breaks a rule, and which rows are context pairs."""
    rules = load_policy().profile("amazon")
    pairs: dict[str, list[int]] = {}
    for at, message in enumerate(rows):
        pairs.setdefault(message.text, []).append(at)
    broken = [rules.is_broken(m.types) for m in rows]
    apart = [(i, j) for group in pairs.values() for i in group for j in group if broken[i] and not broken[j]]
    brief = [(m.writer_brief or "")[:2] for m in rows]
    return {"broken": broken, "pairs": apart, "brief": brief}


# ---------------------------------------------------------------- training


class Rows:
    """Windows on the device, cut into batches of like length."""

    def __init__(self, *parts: dict[str, Tensor]) -> None:
        join = {k: torch.cat([p[k] for p in parts]) for k in ("ids", "buyer", "seller", "labels", "length")}
        shift = np.cumsum([0, *(len(p["ids"]) for p in parts)])
        marked = torch.cat(
            [p["marked"] + torch.tensor([int(s), 0, 0], dtype=torch.int32) for p, s in zip(parts, shift, strict=False)]
        )
        self.data = {k: v.to(DEVICE) for k, v in join.items()}
        self.length = join["length"].numpy()
        self.tokens = torch.zeros(len(self.length), WIDEST, len(TYPES), dtype=torch.uint8, device=DEVICE)
        at = marked.to(DEVICE).long()
        self.tokens[at[:, 0], at[:, 1], at[:, 2]] = 1

    def __len__(self) -> int:
        return len(self.length)

    def batch(self, rows: np.ndarray) -> tuple[dict[str, Tensor], Tensor, Tensor, Tensor]:
        """Model inputs, labels, token labels, and the rows on the device."""
        at = torch.from_numpy(rows).to(DEVICE)
        width = int(-(-int(self.length[rows].max()) // 16) * 16)
        place = torch.arange(width, device=DEVICE)[None]
        ids = self.data["ids"][at, :width].int()
        seller = self.data["seller"][at]
        buyer = self.data["buyer"][at][:, None]
        inputs = {
            "input_ids": ids,
            "attention_mask": (place < self.data["length"][at][:, None]).long(),
            "token_type_ids": ((place >= 1) & (place <= buyer)).long(),
            "seller_mask": ((place >= seller[:, :1]) & (place < seller[:, 1:])).long(),
        }
        return inputs, self.data["labels"][at], self.tokens[at, :width].float(), at

    def epoch(self, size: int, rng: np.random.Generator) -> list[np.ndarray]:
        """Batches of like length in random order."""
        order = np.argsort(self.length + rng.uniform(-8, 8, len(self.length)))
        batches = [order[i : i + size] for i in range(0, len(order), size)]
        rng.shuffle(batches)
        return batches


Loss = Callable[[EvidenceModel, dict[str, Tensor], Tensor, Tensor, Tensor], Tensor]


def label_loss(
    model: EvidenceModel, inputs: dict[str, Tensor], labels: Tensor, tokens: Tensor, _: Tensor
) -> Tensor:
    """The model's own loss on written labels."""
    loss = model(**inputs, labels=labels, token_labels=tokens).loss
    assert loss is not None
    return loss


def teacher_loss(
    model: EvidenceModel,
    inputs: dict[str, Tensor],
    labels: Tensor,
    tokens: Tensor,
    at: Tensor,
    *,
    asked: dict[str, Any],
    labelled: int,
    trust: float,
) -> Tensor:
    """Written labels where there are any, and the teacher's logits and evidence everywhere.

    Args:
        labelled: rows below it are labelled.
        trust: 0–1, weight of the teacher against the labels on labelled rows.
    """
    out = model(**inputs)
    logits, evidence = out.logits.float(), out.evidence.float()
    wanted = asked["logits"][at].float()
    width = evidence.shape[1]
    mask = inputs["seller_mask"].unsqueeze(-1).float()
    known = (at < labelled).float()[:, None]
    own = known * (1 - trust)
    soft = own * labels + (1 - own) * torch.sigmoid(wanted)
    loss = F.binary_cross_entropy_with_logits(logits, soft)
    loss = loss + 0.05 * F.mse_loss(logits.clamp(-9, 9), wanted.clamp(-9, 9))
    loss = loss + _any(logits[:, :-1], soft[:, :-1])
    told = torch.sigmoid(asked["evidence"][at, :width].float())
    target = own[:, None] * tokens + (1 - own[:, None]) * told
    token = F.binary_cross_entropy_with_logits(evidence, target, reduction="none") * mask
    loss = loss + (token.sum((1, 2)) / mask.sum((1, 2)).clamp(min=1)).mean()
    present = tokens.amax(1) * known
    on = (out.attention.float() * tokens).sum(1).clamp(min=1e-6)
    return loss - (on.log() * present).sum() / len(at)


def _any(logits: Tensor, soft: Tensor) -> Tensor:
    none = F.logsigmoid(-logits).sum(1)
    yes = 1 - torch.prod(1 - soft, dim=1)
    some = torch.log(-torch.expm1(none.clamp(max=-1e-6)))
    return -(yes * some + (1 - yes) * none).mean()


class Mimic(nn.Module):
    """The student's token states, mapped to the teacher's width, should be the teacher's."""

    def __init__(self, student: EvidenceModel, teacher: EvidenceModel) -> None:
        super().__init__()
        widths = student.encoder.config.hidden_size, teacher.encoder.config.hidden_size
        self.map = nn.Linear(*widths)
        self._teacher, self._states = [teacher], {}
        for name, model in (("student", student), ("teacher", teacher)):
            model.encoder.register_forward_hook(partial(self._keep, name))

    def _keep(self, name: str, _: nn.Module, __: Any, output: Any) -> None:
        self._states[name] = output.last_hidden_state

    def loss(self, inputs: dict[str, Tensor]) -> Tensor:
        """Mean squared distance of normalised states, after the student's forward pass on the same inputs."""
        mine = self.map(self._states["student"])
        with torch.no_grad():
            self._teacher[0].encoder(
                **{k: inputs[k] for k in ("input_ids", "attention_mask", "token_type_ids")}
            )
        theirs = self._states["teacher"]
        mine, theirs = (F.layer_norm(x.float(), x.shape[-1:]) for x in (mine, theirs))
        mask = inputs["attention_mask"].float()
        return ((mine - theirs).square().mean(-1) * mask).sum() / mask.sum()


def fit(
    model: EvidenceModel,
    rows: Rows,
    loss: Loss,
    data: dict[str, Any],
    options: argparse.Namespace,
    mimic: Mimic | None = None,
) -> None:
    """AdamW in bfloat16; the rate rises and falls with the time that is given, so that it ends in time."""
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    model.to(DEVICE).train()
    named = list(model.named_parameters())
    groups: list[dict[str, Any]] = [
        {"params": [p for n, p in named if p.requires_grad and n.startswith("encoder.") == old], "lr": lr}
        for old, lr in ((True, options.lr), (False, options.head_lr))
    ]
    if mimic is not None:
        groups.append({"params": list(mimic.to(DEVICE).map.parameters()), "lr": options.head_lr})
    peaks = [group["lr"] for group in groups]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01, fused=CUDA)
    started, step, seen, shown = time.monotonic(), 0, 0.0, 0
    while (part := (time.monotonic() - started) / options.seconds) < 1:
        for batch in rows.epoch(options.batch, rng):
            if (part := (time.monotonic() - started) / options.seconds) >= 1:
                break
            for group, peak in zip(groups, peaks, strict=True):
                group["lr"] = peak * min(part / 0.04, (1 - part) / 0.96)
            inputs, labels, tokens, at = rows.batch(batch)
            with torch.autocast(DEVICE, dtype=torch.bfloat16):
                value = loss(model, inputs, labels, tokens, at)
                if mimic is not None:
                    value = value + mimic.loss(inputs)
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            nn.utils.clip_grad_norm_([p for g in groups for p in g["params"]], 1.0)
            optimizer.step()
            step += 1
            seen += value.detach()
            if step % 500 == 0:
                print(f"{step} {part:.2f} epochs {step * options.batch / len(rows):.2f} loss {float(seen) / 500:.3f}", flush=True)
                seen = 0.0
            if part * options.looks > shown + 1:
                shown += 1
                report(model, data, options.name)
                model.train()
    print(f"{options.name}: {step} steps of {options.batch}, {step * options.batch / len(rows):.2f} epochs", flush=True)
    report(model, data, options.name)


@torch.no_grad()
def ask_model(model: EvidenceModel, rows: Rows, *, evidence: bool = False) -> dict[str, Tensor]:
    """Logits (and evidence) of all windows, on the device."""
    model.to(DEVICE).eval()
    logits = torch.zeros(len(rows), len(TYPES), device=DEVICE)
    shape = (len(rows), WIDEST, len(TYPES)) if evidence else (0,)
    tokens = torch.zeros(shape, dtype=torch.float16, device=DEVICE)
    order = np.argsort(rows.length)
    for i in range(0, len(order), 512):
        inputs, _, _, at = rows.batch(order[i : i + 512])
        with torch.autocast(DEVICE, dtype=torch.bfloat16):
            out = model(**inputs)
        logits[at] = out.logits.float()
        if evidence:
            tokens[at, : out.evidence.shape[1]] = out.evidence.half()
    return {"logits": logits, "evidence": tokens}


def report(model: EvidenceModel, data: dict[str, Any], name: str) -> None:
    """One line a set: AUROC, F1 and false alarms at validation's 96% cut, pairs told apart."""
    cut = 0.5
    for key in MEASURED:
        if key not in data:
            continue
        part, facts = data[key], data[key]["facts"]
        logits = ask_model(model, Rows(part))["logits"].cpu()
        any_logit = (1 - torch.prod(1 - torch.sigmoid(logits[:, :-1]), 1)).numpy()
        score, broken = np.zeros(len(facts["broken"])), np.array(facts["broken"])
        np.maximum.at(score, part["message"].numpy(), any_logit)
        if key == "validation":
            cut = float(np.quantile(score[~broken], 0.96))
        found = score >= cut
        line = f"  {name} {key:18} fa {found[~broken].mean():.4f}"
        if broken.any():
            line += f" auroc {roc_auc_score(broken, score):.4f} f1 {f1_score(broken, found):.4f} recall {found[broken].mean():.4f}"
        if facts["pairs"]:
            line += f" pairs {np.mean([found[i] and not found[j] for i, j in facts['pairs']]):.3f} of {len(facts['pairs'])}"
        print(line, flush=True)


# ---------------------------------------------------------------- commands


def _student_model(options: argparse.Namespace) -> EvidenceModel:
    head = HeadConfig(types=TYPES)
    encoder = AutoModel.from_pretrained(
        options.base,
        dtype=torch.float32,
        hidden_dropout_prob=options.dropout,
        attention_probs_dropout_prob=options.dropout,
    )
    model = EvidenceModel(encoder, encoder.config.hidden_size, head)
    model.encoder.get_input_embeddings().weight.requires_grad_(False)
    return model


def _teacher_model(base: Path) -> EvidenceModel:
    encoder = MPNetTokens(str(base))
    encoder.mpnet.embeddings.word_embeddings.weight.requires_grad_(False)
    return EvidenceModel(encoder, encoder.config.hidden_size, HeadConfig(types=TYPES))  # type: ignore[arg-type]


def _save(model: EvidenceModel, path: Path) -> None:
    """Everything but the frozen word vectors."""
    torch.save({k: v.cpu() for k, v in model.state_dict().items() if "word_embeddings" not in k}, path)


def teacher(options: argparse.Namespace) -> None:
    """Fine-tune a teacher and ask it about every window."""
    data = torch.load(options.data)
    model = _teacher_model(options.base)
    fit(model, Rows(data["train"]), label_loss, data, options)
    _save(model, options.out)
    asked = ask_model(model, Rows(data["train"], data["mixed"]), evidence=True)
    torch.save({k: v.cpu() for k, v in asked.items()}, options.out.with_suffix(".asked"))
    seen = {k: ask_model(model, Rows(data[k]))["logits"].cpu() for k in data if k in MEASURED}
    torch.save(seen, options.out.with_suffix(".seen"))


def student(options: argparse.Namespace) -> None:
    """Train the small encoder, with the teachers' answers or without."""
    data = torch.load(options.data)
    model = _student_model(options)
    loss, parts, mimic = label_loss, [data["train"]], None
    if options.teachers:
        asked = [torch.load(path.with_suffix(".asked")) for path in options.teachers]
        mean = {k: (sum(a[k].to(DEVICE).float() for a in asked) / len(asked)).half() for k in asked[0]}
        parts.append(data["mixed"])
        loss = partial(teacher_loss, asked=mean, labelled=len(data["train"]["ids"]), trust=options.trust)
    if options.mimic:
        first = _teacher_model(options.mimic)
        first.load_state_dict(torch.load(options.teachers[0]), strict=False)
        mimic = Mimic(model, first.to(DEVICE).eval().bfloat16())
    fit(model, Rows(*parts), loss, data, options, mimic)
    _save(model, options.out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("prepare")
    one.add_argument("data", type=Path)
    one.add_argument("--tokenizer", type=Path, default=Path("models/default/tokenizer.json"))
    one.add_argument("--copies", type=int, default=4)
    one.add_argument("--mixtures", type=int, default=300_000)
    one.add_argument("--measure-on", type=Path, nargs="*", default=[])
    one.add_argument("--workers", type=int, default=14)
    one.add_argument("--seed", type=int, default=13)
    one.set_defaults(run=prepare)
    for name, run, lr, batch in (("teacher", teacher, 4e-5, 96), ("student", student, 5e-4, 384)):
        one = commands.add_parser(name)
        one.add_argument("data", type=Path)
        one.add_argument("--base", type=Path, required=True)
        one.add_argument("--seconds", type=float, default=200)
        one.add_argument("--batch", type=int, default=batch)
        one.add_argument("--lr", type=float, default=lr)
        one.add_argument("--head-lr", type=float, default=3 * lr)
        one.add_argument("--seed", type=int, default=13)
        one.add_argument("--looks", type=int, default=3)
        one.add_argument("--name", default=name)
        if name == "student":
            one.add_argument("--teachers", type=Path, nargs="*", default=[])
            one.add_argument("--mimic", type=Path, help="the teachers' base, to learn the states of the first as well")
            one.add_argument("--trust", type=float, default=0.7)
            one.add_argument("--dropout", type=float, default=0.1)
        one.set_defaults(run=run)
    for one in commands.choices.values():
        one.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
