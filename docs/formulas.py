"""The formulas of the docstrings as MathML: an extension of Sphinx.

A docstring writes a formula as ``help()`` should show it, indented, in plain characters: ``h_v = tanh(W_ih x_v + b)``.
Here each becomes MathML, which browsers draw without a script or a font from elsewhere, so that the site needs no
network and the source stays what a reader of the code sees. Words stay words, names of Greek letters become the
letters, ``_`` and ``^`` make what follows an index or an exponent, ``sqrt(...)`` a root.
"""

import html
import re
from collections.abc import Iterator

from sphinx.application import Sphinx

# Names of letters, which HTML has as entities of the same names.
LETTERS = "alpha beta gamma delta epsilon theta lambda mu nu sigma tau phi Theta Delta"
NAMES = "tanh sigmoid relu silu gelu softplus softmax exp log min max floor ceil norm layer Re diag"
GREEK, FUNCTIONS = frozenset(LETTERS.split()), frozenset(NAMES.split())
MARKS = {"*": "&#8727;", ".": "&#8901;", "->": "&#8594;", "<=": "&#8804;", ">=": "&#8805;", "-": "&#8722;"}
TOKEN = re.compile(r"\s+|->|<=|>=|[A-Za-z]+|\d+(?:\.\d+)?|.")
HEAD = re.compile(r"^(Args|Returns|Shapes|Raises|Attributes|Yields|Examples?|Notes?):$")
LETTER = re.compile(r"^(?:[A-Za-z]|hbar|dL|dW|ab|MAE|RMSE|WMAPE)$")


def _letter(name: str) -> str:
    return f"&{name};" if name in GREEK else name


class _Line:
    """A line of a formula, read from left to right."""

    def __init__(self, text: str) -> None:
        self.tokens = TOKEN.findall(text)
        self.place = 0

    def peek(self, ahead: int = 0) -> str:
        place = self.place + ahead
        return self.tokens[place] if place < len(self.tokens) else ""

    def take(self) -> str:
        self.place += 1
        return self.tokens[self.place - 1]

    def group(self, close: str = ")") -> str:
        """Return what stands up to the bracket that closes, which is taken too."""
        found = []
        while self.peek() and self.peek() != close:
            found.append(self.item())
        self.place += 1
        return "".join(found)

    def atom(self) -> str:
        """Return one letter, number, function, word, mark or bracket."""
        token = self.take()
        if token.isspace():
            return f'<mspace width="{1.6 if len(token) > 1 else 0.15}em"/>'
        if token == "sqrt" and self.peek() == "(":
            self.take()
            return f"<msqrt>{self.group()}</msqrt>"
        if token == "(":
            return f"<mrow><mo>(</mo>{self.group()}<mo>)</mo></mrow>"
        if token == "hbar":
            return "<mover><mi>h</mi><mo>¯</mo></mover>"
        if token in GREEK or LETTER.match(token):
            return f"<mi>{_letter(token)}</mi>"
        if token in FUNCTIONS:
            return f'<mi mathvariant="normal">{token}</mi>'
        if token[0].isdigit():
            return f"<mn>{token}</mn>"
        if token.isalpha():
            return f"<mtext>{token}</mtext>" if self.peek(-2) != "_" else f"<mi>{token}</mi>"
        return f"<mo>{MARKS.get(token) or html.escape(token)}</mo>"

    def script(self) -> str:
        """Return what an ``_`` or ``^`` raises or lowers: a bracket's content, or letters and digits in a row."""
        if self.peek() == "(":
            self.take()
            return f"<mrow>{self.group()}</mrow>"
        found = []
        while (token := self.peek()) and (token.isalnum() or (token == "-" and not found) or (token == "." and found)):
            self.take()
            kind = "mi" if token.isalpha() else "mo" if token in ".-" else "mn"
            found.append(f"<{kind}>{_letter(token)}</{kind}>")
        if found and self.peek() == "/" and self.peek(1).isdigit():
            found += [f"<mo>{self.take()}</mo>", f"<mn>{self.take()}</mn>"]
        return f"<mrow>{''.join(found)}</mrow>" if found else "<mo>⋅</mo>"

    def item(self) -> str:
        """Return an atom with its index, exponent and primes."""
        base, below, above = self.atom(), "", ""
        spaced = base.startswith(("<mspace", "<mtext", "<mo>")) and base != "<mo>|</mo>"
        while not spaced and (token := self.peek()):
            if token == "'":
                self.take()
                above += "<mo>&#8242;</mo>"
            elif token == "^" and not (self.peek(1).isalnum() or self.peek(1) in "(-"):
                self.take()
                base = f"<mover>{base}<mo>^</mo></mover>"
            elif token == "^" or (token == "_" and not below):
                self.take()
                if token == "_":
                    below = self.script()
                else:
                    above += self.script()
            else:
                break
        if below and above:
            return f"<msubsup>{base}{below}<mrow>{above}</mrow></msubsup>"
        if below:
            return f"<msub>{base}{below}</msub>"
        return f"<msup>{base}<mrow>{above}</mrow></msup>" if above else base


def mathml(line: str) -> str:
    """Return one line of a formula as MathML.

    >>> mathml("W x_v")
    '<math><mi>W</mi><mspace width="0.15em"/><msub><mi>x</mi><mrow><mi>v</mi></mrow></msub></math>'
    """
    reader, parts = _Line(line.strip()), []
    while reader.peek():
        parts.append(reader.item())
    return f"<math>{''.join(parts)}</math>"


def _blocks(lines: list[str]) -> Iterator[tuple[bool, list[str]]]:
    """Yield paragraphs of a docstring, each with whether it is a formula: indented, in no section, and no example."""
    section, block = False, []
    for line in [*lines, ""]:
        if line.strip():
            block.append(line)
            continue
        if block:
            section = (section and block[0].startswith(" ")) or bool(HEAD.match(block[0]))
            indented = all(one.startswith("    ") for one in block)
            yield indented and not section and not block[0].lstrip().startswith((">>>", "- ", "`")), block
        block = []


def rendered(lines: list[str]) -> list[str]:
    """Return a docstring with its formulas as raw MathML."""
    found: list[str] = []
    for is_formula, block in _blocks(lines):
        if is_formula:
            found += [".. raw:: html", "", '   <div class="formula">']
            found += [f"   <div>{mathml(line)}</div>" for line in block]
            found += ["   </div>", ""]
        else:
            found += [*block, ""]
    return found


def _process(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    lines[:] = rendered(lines)


def setup(app: Sphinx) -> dict[str, bool]:
    """Have Sphinx call this for every docstring, before its sections are read."""
    app.connect("autodoc-process-docstring", _process, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
