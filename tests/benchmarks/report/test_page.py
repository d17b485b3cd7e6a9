"""The page, in a real browser: what it shows, sorts, filters, links and asks for."""

import re
from itertools import pairwise

import pytest

from benchmarks.report import page
from benchmarks.report.analysis import analyse
from benchmarks.run.records import Record, Trial
from tests.benchmarks.report.runs import MACHINE


def group(label, view, model, tests, **more):
    task, _, length = label.partition("-")

    def curve(best):
        return {"step": [1, 2], "validation": [0.5, best], "best_validation": best, "best_step": 2} if view else {}

    more = {"parameters": 1000, "seconds": 1.0, "note": "<b>a note</b>", "machine": MACHINE} | more
    config = {"settings": {"steps": 2, "seed": 0}} if view else {}
    config |= {"data": {"length": int(length)}} if length else {}
    return [
        Record(Trial(task, view, model, seed, config, "", length), test=test, curve=curve(test), **more)
        for seed, test in enumerate(tests)
    ]


RECORDS = [
    *group("palindrome-10", "", "most frequent digit", [0.1]),
    *group("palindrome-10", "path", "RNN", [0.5, 0.6, 0.7], seconds=3.0, flops_per_step=3_000_000, parameters=300),
    *group("palindrome-10", "path", "GRU", [0.9, 0.95, 1.0], seconds=5.0, flops_per_step=9_000_000, parameters=900),
    *group("palindrome-10", "path + mirror", "GCN", [0.8, 0.8, 0.9], seconds=1.0, parameters=1_200),
    *group("palindrome-20", "", "most frequent digit", [0.1]),
    *group("palindrome-20", "path", "GRU", [0.8, 0.9, 1.0], seconds=5.0),
    *group("text", "", "bigram", [2.4]),
    *group("text", "path", "RNN", [1.5, 1.6], samples={"0.5": "The <script>alert(1)</script> cat"}),
    Record(Trial("text", "path", "LSTM", 0, {}), status="failed", error="Traceback <of> a failure"),
]
TABLE = "document.querySelector('#palindrome-10 table.sortable')"
MODELS = f"[...{TABLE}.querySelectorAll('tbody tr')].filter(r => !r.hidden).map(r => r.cells[0].textContent)"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page.html(analyse("a run", RECORDS)), encoding="utf-8")
    return f"file://{path}"


@pytest.fixture
def opened(browser, address):
    browser.do("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "light"}])
    browser.do("Emulation.setDeviceMetricsOverride", width=1280, height=900, deviceScaleFactor=1, mobile=False)
    browser.open("about:blank")
    browser.open(address)
    yield browser
    assert [e for e in browser.events if e.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown")] == []
    assert [e for e in browser.events if e.get("method") == "Runtime.consoleAPICalled"] == []
    asked = [e["params"]["request"]["url"] for e in browser.events if e.get("method") == "Network.requestWillBeSent"]
    assert [url for url in asked if not url.startswith("file://")] == []


def click(browser, selector):
    browser.js(f"document.querySelector({selector!r}).click()")


def test_it_answers_and_shows_figures(opened):
    text = opened.js("document.body.innerText")
    assert "Which model, at what cost, how sure" in text
    answers = opened.js(
        "[...document.querySelectorAll('#answers tbody tr')].map(r => r.innerText.replace(/\\s+/g, ' '))"
    )
    assert len(answers) == 3
    assert "GRU on path 0.950 [0.826, 1.000] most frequent digit 0.100 ahead of" in answers[0]
    assert text.count("too few for the permutation test") <= 3
    assert "Traceback <of> a failure" in opened.js("document.querySelector('#failed').textContent")
    figures = opened.js("document.querySelectorAll('#palindrome-10 figure svg').length")
    assert figures == 4
    assert opened.js("document.querySelectorAll('#across figure svg').length") == 1
    drawn = "[...document.querySelectorAll('figure svg')].every(s => s.getBoundingClientRect().height > 100)"
    assert opened.js(drawn)


def test_the_overview_compares_what_several_tasks_have(opened):
    cells = "[...document.querySelectorAll('#overview tr')].map(r => [...r.cells].map(c => c.textContent))"
    assert opened.js(cells) == [
        ["task", "RNN on path", "GRU on path"],
        ["palindrome-10", "0.600", "0.950"],
        ["palindrome-20", "", "0.900"],
        ["text", "1.550", ""],
    ]
    shares = "[...document.querySelectorAll('#overview .shade')].map(c => c.style.getPropertyValue('--share'))"
    assert opened.js(shares) == ["0%", "100%", "0%", "0%"]


def test_what_a_model_writes_is_text(opened):
    assert opened.js("document.querySelector('#text .sample pre').textContent") == "The <script>alert(1)</script> cat"
    assert opened.js("document.querySelectorAll('script').length") == 1
    assert opened.js("document.querySelectorAll('b').length") == 0


def test_columns_sort_and_the_baseline_stays_first(opened):
    assert opened.js(MODELS) == ["most frequent digit", "RNN", "GRU", "GCN"]
    head = f"[...{TABLE}.tHead.rows[0].cells].find(c => c.textContent.startsWith('parameters'))"
    opened.js(f"{head}.querySelector('button').click()")
    assert opened.js(f"{head}.getAttribute('aria-sort')") == "ascending"
    assert opened.js(MODELS) == ["most frequent digit", "RNN", "GRU", "GCN"]  # 300, 900, 1 200: as numbers
    opened.js(f"{head}.querySelector('button').click()")
    assert opened.js(f"{head}.getAttribute('aria-sort')") == "descending"
    assert opened.js(MODELS) == ["most frequent digit", "GCN", "GRU", "RNN"]
    click(opened, "#palindrome-10 thead th:first-child button")
    assert opened.js(MODELS) == ["most frequent digit", "GCN", "GRU", "RNN"]
    assert opened.js(f"{TABLE}.querySelectorAll('[aria-sort]').length") == 1


def test_blanks_sort_last_both_ways(opened):
    head = f"[...{TABLE}.tHead.rows[0].cells].find(c => c.textContent.startsWith('FLOPs'))"
    for order in (["RNN", "GRU", "GCN"], ["GRU", "RNN", "GCN"]):
        opened.js(f"{head}.querySelector('button').click()")
        assert opened.js(MODELS) == ["most frequent digit", *order]


def test_rows_and_tasks_are_filtered(opened):
    said = "document.getElementById('shown').textContent"
    assert opened.js(said) == "8 of 8 rows"
    opened.js("words.value = 'gru PATH'; words.dispatchEvent(new Event('input'))")
    assert opened.js(MODELS) == ["GRU"]
    assert opened.js(said) == "2 of 8 rows"
    opened.js("task.value = 'palindrome-20'; task.dispatchEvent(new Event('change'))")
    assert opened.js(said) == "1 of 8 rows"
    shown = "[...document.querySelectorAll('section.task')].filter(s => s.offsetParent).map(s => s.id)"
    assert opened.js(shown) == ["palindrome-20"]


def test_every_number_leads_to_its_records(opened):
    lost = "[...document.querySelectorAll('a[href^=\"#\"]')].filter(a => !document.querySelector(a.hash)).length"
    assert opened.js(lost) == 0
    numbers = "[...document.querySelectorAll('section.task > .wide td.number')].filter(c => c.textContent.trim())"
    assert opened.js(f"{numbers}.every(c => c.querySelector('a').hash.startsWith('#records-'))")
    opened.js(f"{TABLE}.querySelectorAll('tbody')[1].rows[0].querySelector('a').click()")
    opened.js("new Promise(done => setTimeout(done, 50))")
    records = "document.querySelector(location.hash)"
    assert opened.js(f"{records}.open")
    assert opened.js(f"[...{records}.querySelectorAll('tbody tr')].map(r => r.cells[1].textContent)") == [
        "0.5000",
        "0.6000",
        "0.7000",
    ]
    assert '"learning_rate"' not in opened.js(f"{records}.textContent")
    assert '"steps": 2' in opened.js(f"{records}.textContent")


def test_dark_follows_the_system_and_the_button(opened):
    paper = "getComputedStyle(document.body).backgroundColor"
    ink = "getComputedStyle(document.querySelector('figure svg text')).fill"
    light = (opened.js(paper), opened.js(ink))
    opened.do("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    dark = (opened.js(paper), opened.js(ink))
    assert [_brightness(colour) > 0.5 for colour in (*light, *dark)] == [True, False, False, True]
    assert opened.js("theme.getAttribute('aria-pressed')") == "true"
    click(opened, "#theme")
    assert (opened.js(paper), opened.js(ink)) == light
    assert opened.js("theme.getAttribute('aria-pressed')") == "false"


def _brightness(colour):
    return sum(int(part) for part in re.findall(r"\d+", colour)[:3]) / (3 * 255)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_background(opened, scheme):
    opened.do("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    names = ("ink", "quiet", "link", "paper", "raised", "best", *(f"series-{i}" for i in range(1, 7)))
    styles = "getComputedStyle(document.documentElement)"
    colours = {name: _luminance(opened.js(f"{styles}.getPropertyValue('--{name}')")) for name in names}
    for text in ("ink", "quiet", "link"):
        for ground in ("paper", "raised", "best"):
            assert _contrast(colours[text], colours[ground]) >= 4.5, (text, ground)  # WCAG 2, AA
    for i in range(1, 7):
        assert _contrast(colours[f"series-{i}"], colours["paper"]) >= 3, i  # WCAG 2, graphics


def _luminance(colour):
    digits = colour.strip().removeprefix("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one, other):
    high, low = max(one, other), min(one, other)
    return (high + 0.05) / (low + 0.05)


def test_it_fits_a_phone(opened):
    opened.do("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=2, mobile=True)
    opened.js("document.querySelectorAll('details').forEach(d => { d.open = true })")
    assert opened.js("document.documentElement.scrollWidth") == 390
    assert opened.js("document.querySelector('#answers').closest('.wide').getBoundingClientRect().right") <= 390


def test_keyboard_and_screen_reader_find_their_way(opened):
    opened.press("Tab")
    assert opened.js("document.activeElement.className") == "skip"
    opened.js(f"{TABLE}.querySelector('thead button').focus()")
    opened.press("Enter", "\r")
    assert opened.js(f"{TABLE}.querySelector('thead th').getAttribute('aria-sort')") == "ascending"
    assert opened.js("[...document.querySelectorAll('th')].every(h => h.scope)")
    assert opened.js("[...document.querySelectorAll('table.sortable')].every(t => t.caption.textContent)")
    named = "[...document.querySelectorAll('svg')].every(s => s.getAttribute('aria-labelledby').split(' ')"
    assert opened.js(f"{named}.every(id => document.getElementById(id).textContent))")
    assert opened.js("[...document.querySelectorAll('input, select')].every(i => i.labels.length)")
    levels = opened.js("[...document.querySelectorAll('h1, h2, h3, h4')].map(h => Number(h.tagName[1]))")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    doubled = "(ids => ids.length - new Set(ids).size)([...document.querySelectorAll('[id]')].map(e => e.id))"
    assert opened.js(doubled) == 0


def test_it_prints(opened):
    assert len(opened.do("Page.printToPDF")["data"]) > 10_000


def test_nothing_from_outside_may_be_loaded():
    text = page.html(analyse("a run", RECORDS))
    assert "default-src 'none'" in text
    for outside in ('src="http', "url(http", "<link", "@import"):
        assert outside not in text
