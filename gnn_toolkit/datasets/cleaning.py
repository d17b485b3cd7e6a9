"""The cleaning of English documents by the rule of TextGCN's authors, which is that of Kim (2014)."""

import re
from collections import Counter
from collections.abc import Iterable

from gnn_toolkit._checks import positive

_CONTRACTED = re.compile(r"('s|'ve|n't|'re|'d|'ll)")
_MARK = re.compile(r"([,!])")
_BRACKET = re.compile(r"([()?])")
_OTHER = re.compile(r"[^A-Za-z0-9(),!?'`]")

# The 179 English stop words of NLTK 3.
_NLTK = """
    i me my myself we our ours ourselves you you're you've you'll you'd your yours yourself yourselves he him his
    himself she she's her hers herself it it's its itself they them their theirs themselves what which who whom this
    that that'll these those am is are was were be been being have has had having do does did doing a an the and but
    if or because as until while of at by for with about against between into through during before after above below
    to from up down in out on off over under again further then once here there when where why how all any both each
    few more most other some such no nor not only own same so than too very s t can will just don don't should
    should've now d ll m o re ve y ain aren aren't couldn couldn't didn didn't doesn doesn't hadn hadn't hasn hasn't
    haven haven't isn isn't ma mightn mightn't mustn mustn't needn needn't shan shan't shouldn shouldn't wasn wasn't
    weren weren't won won't wouldn wouldn't
"""
STOP_WORDS = frozenset(_NLTK.split())


def clean_text(text: str) -> str:
    r"""Return an English text in lower case, cut into words with one space between them.

    Letters, digits, apostrophes and ``( ) , ! ?`` stay, everything else is a space; contractions are cut off
    (``it 's``, ``do n't``), marks stand alone, and brackets and question marks have a backslash before them, as in the
    published files.

    >>> clean_text("It's good, isn't it? (No.)")
    "it 's good , is n't it \\? \\( no \\)"
    """
    text = _CONTRACTED.sub(r" \1", _OTHER.sub(" ", text))
    return " ".join(_BRACKET.sub(r" \\\1 ", _MARK.sub(r" \1 ", text)).split()).lower()


def clean_documents(
    texts: Iterable[str], *, min_count: int = 5, stop_words: Iterable[str] = STOP_WORDS
) -> tuple[str, ...]:
    """Return cleaned documents without stop words and rare words, by the rule of TextGCN's authors.

    For short texts, as in MR, they keep all words: ``min_count=1, stop_words=()``. A document of which nothing is left
    is empty.

    Args:
        texts: the documents.
        min_count: how often a word comes in all of them together, at least, before stop words are left out.
        stop_words: words to leave out.

    Raises:
        ValueError: ``min_count`` is no integer of at least 1.

    >>> clean_documents(["A cat.", "The cat, a dog"], min_count=2)
    ('cat', 'cat')
    """
    positive("min_count", min_count)
    documents = [clean_text(text).split() for text in texts]
    counts = Counter(word for words in documents for word in words)
    dropped = set(stop_words) | {word for word, count in counts.items() if count < min_count}
    return tuple(" ".join(word for word in words if word not in dropped) for words in documents)
