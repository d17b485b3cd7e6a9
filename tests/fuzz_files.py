"""Files that were damaged at random, given to whatever reads files of others: it refuses them, or reads values.

python tests/fuzz_files.py --files 20000
"""

import argparse
import pickle
import random
import sys
import tempfile
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix

from gnn_toolkit.datasets import load_pickled_arrays, read_card, read_labelled_texts
from gnn_toolkit.models import CharGenerator, Vocabulary
from gnn_toolkit.training import load_checkpoint, save_checkpoint

CARD = """title = "Mine"
description = "A text."
licence = "CC0-1.0"
citation = "Nobody"
[[files]]
name = "a/b.txt"
url = "https://example.org/b.txt"
sha256 = "{}"
bytes = 12
headers = {{ Accept = "text/plain" }}
""".format("0" * 64)

TEXTS = 'text,label\n"good, caf\u00e9",pos\nbad,neg\n\u6771\u4eac,pos\n'


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Return bytes with up to eight changes: bits flipped, and pieces cut out, doubled, moved, filled or put in anew.

    >>> damaged(b"abc", random.Random(0)) != b"abc"
    True
    """
    result = bytearray(content)
    for _ in range(chance.choice([1, 1, 1, 2, 3, 8])):
        place, length = chance.randrange(len(result) + 1), chance.choice([1, 1, 2, 4, 8, 64])
        piece = bytes(result[place : place + length])
        kind = chance.choice([0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6])
        if kind == 0 and place < len(result):
            result[place] ^= 1 << chance.randrange(8)
        elif kind == 1:
            result[place : place + length] = chance.randbytes(length)
        elif kind == 2:
            del result[place : place + length]
        elif kind == 3:
            result[place:place] = piece
        elif kind == 4:
            other = chance.randrange(len(result) + 1)
            result[other : other + length] = piece
        elif kind == 5:
            result[place : place + 4] = chance.choice(
                [b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\0", b"\0\0\0\x80"]
            )
        elif len(result) > 1:
            del result[chance.randrange(1, len(result)) :]
    if result == content:  # e.g. a piece that was put where the same one stood
        result[chance.randrange(len(result))] ^= 1
    return bytes(result)


def pickles() -> list[bytes]:
    """Return pickles of arrays, matrices, dictionaries and plain values, in every protocol."""
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    values = [
        array,
        csr_matrix(array),
        [csr_matrix(np.eye(3)), {"a": np.array(["x", "yz"]), "b": (1, 2.5, None)}],
        defaultdict(list, {0: [1, 2], 1: [0]}),
        {"names": ["a", "b"], 3: np.array([True, False]), b"x": np.float64(2.0)},
    ]
    return [pickle.dumps(value, protocol) for value in values for protocol in range(6)]


def touch(value: Any, depth: int = 0) -> None:
    """Look at every number of what a reader handed out: a forged one would crash here."""
    if isinstance(value, csr_matrix):
        value.check_format(full_check=True)
        float(abs(value).sum())
    elif isinstance(value, np.ndarray | np.generic):
        str(value)
        value.copy()
    elif isinstance(value, dict) and depth < 20:
        for key, inner in value.items():
            touch(key, depth + 1)
            touch(inner, depth + 1)
    elif isinstance(value, list | tuple) and depth < 20:
        for inner in value:
            touch(inner, depth + 1)


def model_files(folder: Path) -> list[Path]:
    """Write a model and a checkpoint, and return their files."""
    CharGenerator(Vocabulary("abc "), hidden_channels=2, num_layers=1, embedding_channels=2).save(
        folder / "m.safetensors"
    )
    save_checkpoint(folder / "c.pt", {"model": {"w": torch.arange(3.0)}, "done": 3})
    return [folder / "m.safetensors", folder / "m.json", folder / "c.pt"]


def cases(folder: Path) -> Iterator[tuple[str, Path, bytes, Callable[[], object]]]:
    """Yield again and again a reader's name, its file, the whole content, and how to read it."""
    weights, described, checkpoint = model_files(folder)
    whole = {path: path.read_bytes() for path in (weights, described, checkpoint)}
    card, arrays, texts = folder / "card.toml", folder / "a.pkl", folder / "texts.csv"
    sources = pickles()
    while True:
        for source in sources:
            yield "pickle", arrays, source, lambda: touch(load_pickled_arrays(arrays))
        for path in (weights, described):
            yield "model", path, whole[path], lambda: CharGenerator.load(weights)
        yield "checkpoint", checkpoint, whole[checkpoint], lambda: load_checkpoint(checkpoint)
        yield "card", card, CARD.encode(), lambda: read_card(card)
        yield "texts", texts, TEXTS.encode(), lambda: read_labelled_texts(texts)


def fuzz(count: int, seed: int = 0) -> Counter[tuple[str, str]]:
    """Read damaged files and count by reader how many were refused and read.

    Any error but a ``ValueError`` is raised; a crash ends the process.

    Args:
        count: of files.
        seed: of the damage.
    """
    chance, found = random.Random(seed), Counter()
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # a damaged checkpoint is set aside with a warning
        for (reader, path, whole, read), _ in zip(cases(Path(name)), range(count), strict=False):
            path.write_bytes(damaged(whole, chance))
            try:
                value = read()
            except ValueError:
                found[reader, "refused"] += 1
            else:
                found[reader, "set aside" if reader == "checkpoint" and value is None else "read"] += 1
            path.write_bytes(whole)
            for aside in path.parent.glob("*.damaged*"):
                aside.unlink()
    return found


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    found = fuzz(asked.files, asked.seed)
    for (reader, outcome), times in sorted(found.items()):
        print(f"{reader:10} {outcome:9} {times:6}")
    print(f"{found.total()} damaged files, no crash", file=sys.stderr)


if __name__ == "__main__":
    main()
