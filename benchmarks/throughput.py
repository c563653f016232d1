"""How fast an export of seller messages is scored, beside what one would write oneself.

    python benchmarks/throughput.py --out docs/throughput.json

The export is made up (`made_export.py`): 20,000 messages, half of them below 60 tokens, the longest of 600, 40% exact
repeats. The competitors are a plain classifier on the same encoder and tokenizer: `transformers.pipeline` in fp32 and
bf16, batches of 32 in file order, and ONNX Runtime on its own dynamic int8 weights, likewise. They give no evidence;
ours gives the marked words of every message that is not compliant.

Every row runs in a process of its own, on all cores, in rounds: a round measures each row once, and the machine's
rate of int8 matrix products. Competitors score a random sample in each round, "ours, every row" a share of the
export, so that the rounds together score all of it, and "ours" all of it at once, as `reviewguard score` would:
distinct texts only. Beside time on the clock stands processor time, which other work does not stretch.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from cold_start import processor, write_pipeline_model

from reviewguard.files import write_json
from reviewguard.inference.workspace import Chunk
from reviewguard.schema import Message

ROWS = 20_000
BATCH = 32
LONGEST = 512
CHUNK = 500
"""Messages that a worker process takes at a time."""


def main() -> None:
    """Measure and write, or (in a child process) measure one row and print it."""
    options = _options()
    if options.row:
        given = json.loads(sys.stdin.read())
        print(json.dumps(RUNNERS[options.row](given["texts"], Path(given["plain"]), options.model)))
        return
    result = measure(options)
    write_json(options.out, result)
    print(json.dumps(result, indent=2))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, default=Path("models/default"))
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sample", type=int, default=600, help="messages a round, repeats and all")
    parser.add_argument("--out", type=Path, default=Path("build/throughput.json"))
    parser.add_argument("--row", help=argparse.SUPPRESS)
    return parser.parse_args()


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All rows, in turn, `rounds` times; see the module's description."""
    from made_export import texts  # here, so that the processes that score do not import what it needs

    export = texts(options.rows)
    rng = random.Random(1)
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in RUNNERS}
    with tempfile.TemporaryDirectory() as folder:
        write_pipeline_model(Path(folder), None)
        _write_int8(Path(folder))
        for part in _batched(export, -(-len(export) // options.rounds)):
            sample = rng.sample(part, min(options.sample, len(part)))
            for name in [n for n in RUNNERS if n != "ours"]:
                messages = part if name == "ours, every row" else sample
                runs[name].append(_run(name, messages, folder, options.model))
        runs["ours"].append(_run("ours", export, folder, options.model))
    rate = _sum(runs.pop("int8 rate"))
    return {
        "rows": options.rows,
        "processor": processor(),
        "int8_rate_gops": round(rate["operations"] / rate["seconds"] / 1e9, 1),
        "table": {name: _figures(_sum(found), rate) for name, found in runs.items()},
    }


def _run(name: str, sample: Sequence[str], plain: str, model: Path) -> dict[str, float]:
    given = json.dumps({"texts": list(sample), "plain": plain})
    command = [sys.executable, "-W", "ignore", __file__, "--row", name, "--model", str(model)]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr}")
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    print(name, result, file=sys.stderr)
    return result


def _sum(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    total = {key: sum(run[key] for run in runs) for key in runs[0]}
    return total | {"rss": max(run.get("rss", 0.0) for run in runs)}


def _figures(run: dict[str, float], rate: dict[str, float]) -> dict[str, float]:
    """A row of the table; the share of the int8 rate counts real tokens only, and is one of processor time."""
    share = run["operations"] / run["cpu"] / (rate["operations"] / rate["cpu"])
    return {
        "messages": int(run["messages"]),
        "messages_per_second": round(run["messages"] / run["seconds"], 1),
        "tokens_per_second": round(run["tokens"] / run["seconds"]),
        "messages_per_cpu_second": round(run["messages"] / run["cpu"], 1),
        "share_of_int8_rate": round(share, 3),
        "peak_rss_mb": round(run["rss"] / 1e6),
    }


class _Meter:
    """Measures what happens from its making on."""

    def __init__(self, lengths: Sequence[int], plain: Path, messages: int) -> None:
        config = json.loads((plain / "config.json").read_text("utf-8"))
        width, inner, layers = (config[k] for k in ("hidden_size", "intermediate_size", "num_hidden_layers"))
        weights = 4 * width**2 + 2 * width * inner
        self.operations = float(sum(2 * n * layers * (weights + 2 * n * width) for n in lengths))
        self.tokens, self.messages = sum(lengths), messages
        self.cpu, self.start = _cpu(), perf_counter()

    def result(self, workers: int = 0) -> dict[str, float]:
        """What it took; `workers` processes have ended since."""
        own, children = (resource.getrusage(who).ru_maxrss * 1024 for who in _WHO)
        return {
            "messages": self.messages,
            "tokens": self.tokens,
            "operations": self.operations,
            "seconds": perf_counter() - self.start,
            "cpu": _cpu() - self.cpu,
            "rss": own + workers * children,
        }


_WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def _cpu() -> float:
    used = [resource.getrusage(who) for who in _WHO]
    return sum(u.ru_utime + u.ru_stime for u in used)


def _lengths(texts: Sequence[str], plain: Path) -> list[int]:
    """Tokens of each text, special ones included, as far as a plain classifier reads."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(plain / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LONGEST)
    return [len(item.ids) for item in tokenizer.encode_batch(list(texts))]


def _pipeline(dtype: str) -> Callable[[Sequence[str], Path, Path], dict[str, float]]:
    def run(texts: Sequence[str], plain: Path, _: Path) -> dict[str, float]:
        from transformers import pipeline

        classify = pipeline("text-classification", model=str(plain), top_k=None, device="cpu", dtype=dtype)
        classify(texts[0])
        meter = _Meter(_lengths(texts, plain), plain, len(texts))
        found = classify(list(texts), batch_size=BATCH, truncation=True, max_length=LONGEST)
        assert len(found) == len(texts)
        return meter.result()

    return run


def _write_int8(folder: Path) -> None:
    """The plain classifier in ONNX, its weights quantised as ONNX Runtime's guide does it."""
    import torch
    from onnxruntime.quantization import quantize_dynamic
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    axes = {0: torch.export.Dim("rows"), 1: torch.export.Dim("tokens", max=LONGEST)}
    sample = {"input_ids": torch.ones(2, 16, dtype=torch.long), "attention_mask": torch.ones(2, 16).long()}
    program = torch.onnx.export(
        model, (), kwargs=sample, dynamic_shapes=dict.fromkeys(sample, axes), dynamo=True, verbose=False
    )
    assert program is not None
    program.save(str(folder / "fp32.onnx"), external_data=False)
    quantize_dynamic(folder / "fp32.onnx", folder / "int8.onnx", per_channel=True)


def _padded_int8(texts: Sequence[str], plain: Path, _: Path) -> dict[str, float]:
    import onnxruntime
    from transformers import AutoTokenizer

    session = onnxruntime.InferenceSession(str(plain / "int8.onnx"), providers=["CPUExecutionProvider"])
    tokenizer = AutoTokenizer.from_pretrained(plain)
    names = [value.name for value in session.get_inputs()]
    meter = _Meter(_lengths(texts, plain), plain, len(texts))
    for batch in _batched(texts, BATCH):
        rows = tokenizer(list(batch), padding=True, truncation=True, max_length=LONGEST, return_tensors="np")
        session.run(None, {name: rows[name].astype(np.int64) for name in names})
    return meter.result()


def _ours(*, every_row: bool) -> Callable[[Sequence[str], Path, Path], dict[str, float]]:
    """The scoring loop of `reviewguard score`: the longest texts first, in a process a core."""

    def run(texts: Sequence[str], plain: Path, model: Path) -> dict[str, float]:
        from reviewguard.inference.backend import available_cores
        from reviewguard.inference.engines import Task, in_processes
        from reviewguard.settings import Settings

        meter = _Meter(_window_lengths(texts, model), plain, len(texts))
        settings = Settings.read(model / "config.json")
        engine = in_processes(Task(model.resolve(), settings), available_cores())
        verdicts = [v for _, done in engine(_chunks(texts, every_row=every_row)) for v in done]
        assert all(v.evidence for v in verdicts if v.verdict == "review-soliciting")
        return meter.result(available_cores())

    return run


def _window_lengths(texts: Sequence[str], model: Path) -> list[int]:
    from reviewguard.encoding import MessageEncoder
    from reviewguard.settings import Settings

    limits = Settings.read(model / "config.json").limits
    encoder = MessageEncoder.from_file(model / "tokenizer.json", limits)
    return [len(w.ids) for m in encoder.encode_batch([Message(text) for text in texts]) for w in m.windows]


def _chunks(texts: Sequence[str], *, every_row: bool) -> Iterator[tuple[Chunk, list[Message]]]:
    """Distinct texts, or all of them in chunks that hold none twice, so that no repeat is saved."""
    left = Counter(texts)
    while left:
        layer = sorted(left, key=len, reverse=True)
        for part in _batched(layer, CHUNK):
            yield Chunk(0, 0, 0, sum(map(len, part))), [Message(text) for text in part]
        left = Counter({text: n - 1 for text, n in left.items() if n > 1}) if every_row else Counter()


def _batched(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _int8_rate(_texts: Sequence[str], _plain: Path, _model: Path) -> dict[str, float]:
    """The machine's best rate on one large product of unsigned and signed bytes, on all cores."""
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    size, width = 2048, 1536
    weights = np.random.default_rng(0).integers(-127, 128, (width, width)).astype(np.int8)
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["x", "w", "zero"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, [size, width])],
        [helper.make_tensor_value_info("y", TensorProto.INT32, [size, width])],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(np.array(128, np.uint8), "zero")],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    inputs = {"x": np.random.default_rng(1).integers(0, 256, (size, width)).astype(np.uint8)}
    session.run(None, inputs)
    cpu, start, times = _cpu(), perf_counter(), 100
    for _ in range(times):
        session.run(None, inputs)
    operations = 2.0 * size * width * width * times
    return {"operations": operations, "seconds": perf_counter() - start, "cpu": _cpu() - cpu}


RUNNERS: dict[str, Callable[[Sequence[str], Path, Path], dict[str, float]]] = {
    "int8 rate": _int8_rate,
    "transformers.pipeline fp32": _pipeline("float32"),
    "transformers.pipeline bf16": _pipeline("bfloat16"),
    "onnxruntime int8, padded": _padded_int8,
    "ours, every row": _ours(every_row=True),
    "ours": _ours(every_row=False),
}

if __name__ == "__main__":
    main()
