"""A page that shows which words of a text speak for a class, and which against it."""

import html
from collections.abc import Sequence

_FOR, _AGAINST = "33,102,172", "178,24,43"  # blue and red, told apart by those who see no red, too
_STYLE = (
    "body{font:18px/1.9 sans-serif;max-width:44em;margin:2em auto;padding:0 1em}"
    "span{padding:.1em .2em;border-radius:.2em}small,td{font-size:15px}td{padding:0 1em 0 0}"
)
_NO_SPACE_BEFORE = frozenset(".,;:!?)]}%")
STRONGEST = 10  # words that are listed


def explanation_page(
    words: Sequence[tuple[str, float]], label: str, probability: float, others: Sequence[tuple[str, float]] = ()
) -> str:
    """Return a page of HTML on one prediction, without anything from elsewhere.

    Args:
        words: the words of the text in their order with their weights, as
            :meth:`gnn_toolkit.models.TextClassifier.explain` returns them.
        label: the class that they speak for.
        probability: of the class.
        others: the other classes with their probabilities.
    """
    most = max((abs(weight) for _, weight in words), default=0.0) or 1.0
    shown = "".join(_word(word, weight, most) for word, weight in words) or "<em>a text without words</em>"
    distinct = sorted(dict(words).items(), key=lambda pair: -abs(pair[1]))[:STRONGEST]
    rows = "".join(f"<tr><td dir=auto>{html.escape(word)}</td><td>{weight:+.4f}</td></tr>" for word, weight in distinct)
    beside = ", ".join(f"{html.escape(name)} {share:.3f}" for name, share in others)
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(label)}</title><style>{_STYLE}</style>"
        f"<h1>{html.escape(label)}: {probability:.3f}</h1>"
        + (f"<p><small>others: {beside}</small></p>" if beside else "")
        + f"<p dir=auto>{shown}</p><p><small>Blue words speak for {html.escape(label)}, red ones against it: by "
        f"so much its probability falls or rises where the word is left out.</small></p><table>{rows}</table></html>\n"
    )


def _word(word: str, weight: float, most: float) -> str:
    colour = _FOR if weight > 0 else _AGAINST
    shade = f"background:rgba({colour},{0.75 * abs(weight) / most:.3f})"
    space = "" if word in _NO_SPACE_BEFORE else " "
    return f'{space}<span style="{shade}" title="{weight:+.4f}">{html.escape(word)}</span>'
