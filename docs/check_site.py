"""The check of the built site: every link within it leads somewhere, and no page fetches anything from outside.

Run ``python docs/check_site.py build/site``; ``make docs`` does. It prints what is wrong and ends with 1.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href", "object": "data"}


class _Page(HTMLParser):
    """A page's anchors, its links, and the addresses that a browser fetches to show it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element's anchor and addresses."""
        values = {name: value or "" for name, value in attrs}
        self.anchors.update(values[name] for name in ("id", "name") if name in values)
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if FETCHED.get(tag) in values:
            self.fetched.append(values[FETCHED[tag]])


def problems(site: Path) -> list[str]:
    """Return a sentence for every broken link and every address outside that a page fetches."""
    pages = {path.resolve(): _Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    found = []
    for path, page in pages.items():
        name = path.relative_to(site.resolve())
        outside = [address for address in page.fetched if urlsplit(address).netloc]
        found += [f"{name} fetches {address}" for address in outside]
        for link in [*page.links, *(address for address in page.fetched if address not in outside)]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                found.append(f"{name} leads to {link}, where there is no file")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                found.append(f"{name} leads to {link}, where there is no such anchor")
    return found


def main(site: Path) -> int:
    """Print what is wrong with a site; return 1 where anything is."""
    found = problems(site)
    print(
        "\n".join(dict.fromkeys(found))
        if found
        else f"{site}: all links lead somewhere, nothing is fetched from outside"
    )
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
