"""The formulas of the docstrings as MathML, and which lines of a docstring are formulas."""

import xml.etree.ElementTree as ElementTree

import pytest
from formulas import mathml, rendered


def plain(line: str) -> str:
    """Return what a formula shows, without its arrangement."""
    markup = mathml(line).replace("&lambda;", "lambda").replace("&theta;", "theta")
    return "".join(ElementTree.fromstring(markup).itertext())


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("h_v = tanh(a)", "<msub><mi>h</mi><mrow><mi>v</mi></mrow></msub>"),
        ("W_i. x", "<msub><mi>W</mi><mrow><mi>i</mi><mo>.</mo></mrow></msub>"),
        ("h_(t-1)", "<msub><mi>h</mi><mrow><mi>t</mi><mo>&#8722;</mo><mn>1</mn></mrow></msub>"),
        ("|lambda|^2", "<msup><mo>|</mo><mrow><mrow><mn>2</mn></mrow></mrow></msup>"),
        ("W^T_v", "<msubsup><mi>W</mi><mrow><mi>v</mi></mrow><mrow><mrow><mi>T</mi></mrow></mrow></msubsup>"),
        ("sqrt(1 - a)", "<msqrt><mn>1</mn>"),
        ("sum over u -> v", "<mtext>sum</mtext>"),
        ("|Y - Y^|", "<mover><mi>Y</mi><mo>^</mo></mover>"),
        ("D^-1/2", "<mrow><mo>-</mo><mn>1</mn><mo>/</mo><mn>2</mn></mrow>"),
        ("a < b & c", "<mo>&lt;</mo>"),
    ],
)
def test_a_part_of_a_formula(line: str, part: str):
    assert part in mathml(line)
    ElementTree.fromstring(mathml(line).replace("&lambda;", "λ"))


def test_nothing_is_lost():
    line = "h_v = mean over e = (u -> v) of (1 - z_v) * h_u, + z_v * n_v"
    shown = plain(line).translate({0x2192: "->", 0x2212: "-", 0x2217: "*"})
    assert shown == line.replace(" ", "").replace("_", "")


def test_only_indented_blocks_outside_the_sections_are_formulas():
    text = "A cell.\n\n    h = x\n    g = y\n\nArgs:\n    x: a number.\n\n    more of x.\n\n    >>> 1\n    1"
    lines = [str(line) for line in text.splitlines()]
    found = rendered(lines)
    assert found[2:6] == [".. raw:: html", "", '   <div class="formula">', f"   <div>{mathml('h = x')}</div>"]
    assert sum(line.startswith(".. raw") for line in found) == 1
    assert found[-2:] == ["    1", ""]
