"""Copying in a written text: how much stands in the training text word for word, and how often it repeats itself."""

from collections.abc import Sequence

SHORT = 12


class Copying:
    """Compares texts with the one that a model was trained on.

    Args:
        source: the training text.

    >>> Copying("the cat sat on the mat").longest("a cat sat down")
    9
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self._short = {source[place : place + SHORT] for place in range(len(source) - SHORT + 1)}

    def longest(self, text: str) -> int:
        """Return the length of the longest stretch of ``text`` that stands in the source, in characters."""
        length = 0
        for start in range(len(text)):
            while start + length < len(text) and self._holds(text[start : start + length + 1]):
                length += 1
        return length

    def _holds(self, stretch: str) -> bool:
        # Where a stretch is not in the source, its beginning or end mostly is not either: that is known at once.
        if len(stretch) >= SHORT and not (stretch[-SHORT:] in self._short and stretch[:SHORT] in self._short):
            return False
        return stretch in self.source

    def of(self, texts: Sequence[str], label: str) -> dict[str, float]:
        """Return the longest copy over several texts, and the mean shares of different words and triples of words."""
        return {
            f"longest copy, {label}": float(max(self.longest(text) for text in texts)),
            f"distinct-1, {label}": sum(distinct(text, 1) for text in texts) / len(texts),
            f"distinct-3, {label}": sum(distinct(text, 3) for text in texts) / len(texts),
        }


def distinct(text: str, order: int) -> float:
    """Return the share of different ones among a text's sequences of ``order`` words (distinct-n, Li et al. 2016).

    >>> distinct("the word the word the word", 2)
    0.4
    """
    words = text.split()
    grams = list(zip(*(words[place:] for place in range(order)), strict=False))
    return len(set(grams)) / len(grams) if grams else 1.0
