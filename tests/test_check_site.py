"""The check of the built site finds links that lead nowhere and what is fetched from outside."""

from pathlib import Path

from check_site import problems


def test_a_sound_site_has_no_problems(tmp_path: Path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.html").write_text('<h1 id="top">A</h1><a href="sub/b.html#x%20y">b</a><a href="#top">up</a>')
    (tmp_path / "sub" / "b.html").write_text('<a name="x y"></a><a href="../a.html">a</a><a href="https://else.where">')
    assert problems(tmp_path) == []


def test_every_kind_of_problem_is_found(tmp_path: Path):
    (tmp_path / "a.html").write_text(
        '<a href="b.html">b</a><a href="#none">n</a><img src="gone.svg">'
        '<script src="https://cdn.example/x.js"></script><link href="//fonts.example/f.css">'
    )
    assert problems(tmp_path) == [
        "a.html fetches https://cdn.example/x.js",
        "a.html fetches //fonts.example/f.css",
        "a.html leads to b.html, where there is no file",
        "a.html leads to #none, where there is no such anchor",
        "a.html leads to gone.svg, where there is no file",
    ]
