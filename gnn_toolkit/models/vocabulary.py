"""The characters that a generator of text knows, and their codes."""

from collections import Counter
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from gnn_toolkit import _checks

UNKNOWN = ("error", "skip")


class Vocabulary:
    """The characters that a model knows, with their codes 0, 1, 2, ... in sorted order, and how often each was met.

    Args:
        text: any text that holds every character at least once, or how often each character comes.

    Attributes:
        characters: all of them, in the order of their codes.
        counts: how often each comes, in the same order.

    Raises:
        ValueError: the text is empty, or what is counted is no single character.

    >>> vocabulary = Vocabulary("banana")
    >>> vocabulary.encode("nab").tolist(), vocabulary.decode(torch.tensor([1, 0])), vocabulary.counts
    ([2, 0, 1], 'ba', [3, 1, 2])
    """

    def __init__(self, text: str | Mapping[str, int]) -> None:
        if not text:
            raise ValueError(
                _checks.problem("text", "at least one character", "an empty text", "pass the training text")
            )
        counts = Counter(text)
        for character, count in counts.items():
            if (
                not isinstance(character, str)
                or len(character) != 1
                or not isinstance(count, int | np.integer)
                or count < 0
            ):
                got, remedy = f"{character!r}: {count!r}", "pass a text"
                raise ValueError(_checks.problem("text", "single characters and counts of at least 0", got, remedy))
        self.characters = "".join(sorted(counts))
        self.counts = [counts[character] for character in self.characters]
        self._points = code_points(self.characters)

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str, unknown: str = "error") -> Tensor:
        """Return the codes of ``text``, int64 [len(text)].

        Args:
            text: what to encode.
            unknown: what to do with characters that are not known: ``"error"`` names them, ``"skip"`` leaves them out.

        Raises:
            ValueError: a character is unknown.
        """
        skip = _checks.choice("unknown", unknown, UNKNOWN) == "skip"
        points = code_points(text)
        codes = np.searchsorted(self._points, points).clip(max=len(self) - 1)
        known = self._points[codes] == points
        if not known.all() and not skip:
            strange = sorted({text[place] for place in np.flatnonzero(~known)})
            allowed = f"the {len(self)} characters of the vocabulary"
            raise ValueError(_checks.problem("text", allowed, f"the unknown {strange}", "remove or replace them"))
        return torch.from_numpy(codes[known].astype(np.int64))

    def decode(self, codes: Tensor) -> str:
        """Return the text of codes [length]."""
        return "".join(self.characters[code] for code in codes.tolist())


def code_points(text: str) -> np.ndarray:
    """Return the Unicode code points of a text, uint32 [len(text)].

    >>> code_points("aé").tolist()
    [97, 233]
    """
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))
