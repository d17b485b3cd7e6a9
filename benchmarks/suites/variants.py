"""Variants: named configurations of a suite.

A table ``[variant.<name>]`` holds settings and options of a task's data. ``like`` names a variant whose settings it
takes first. Lists make several variants at once, one for each place in them, and braces in the name tell them apart;
lists under a name without braces are for others that are like it::

    [variant.remember]
    chrono = 20.0

    [variant."{length}"]
    like = "remember"
    length = [10, 20, 40]
"""

from typing import Any

from gnn_toolkit import _checks


def variants_of(where: str, tables: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the settings of each variant by its name.

    Args:
        where: the file, for errors.
        tables: what stands under ``variant``.

    Raises:
        ValueError: a table that does not fit, or two variants of one name.
    """
    found: dict[str, dict[str, Any]] = {}
    for name in tables:
        settings = _whole(where, name, tables, ())
        if "{" not in name and any(isinstance(value, list) for value in settings.values()):
            continue
        for place in range(_count(f"{where}: variant.{name}", settings)):
            one = {key: value[place] if isinstance(value, list) else value for key, value in settings.items()}
            label = _named(f"{where}: variant", name, one)
            if label in found:
                remedy = f'put what differs into the name, as in "{name}-{{length}}"'
                raise ValueError(_checks.problem(f"{where}: variant", "a name for each", f"{label!r} twice", remedy))
            found[label] = one
    return found


def _whole(where: str, name: str, tables: dict[str, Any], below: tuple[str, ...]) -> dict[str, Any]:
    """Return a variant's settings over those of the one that it is like."""
    _checks.choice(f"{where}: variant", name, tables)
    if not isinstance(tables[name], dict) or name in below:
        got = " like ".join([*below, name]) if name in below else repr(tables[name])
        remedy = "write e.g. [variant.wide] and hidden_channels = 256 below it"
        raise ValueError(_checks.problem(f"{where}: variant.{name}", "a table of settings", got, remedy))
    own = dict(tables[name])
    base = own.pop("like", None)
    return own if base is None else {**_whole(where, base, tables, (*below, name)), **own}


def _count(where: str, settings: dict[str, Any]) -> int:
    sizes = {len(value) for value in settings.values() if isinstance(value, list)}
    if len(sizes) > 1 or 0 in sizes:
        got = f"lists of {', '.join(map(str, sorted(sizes)))} values"
        raise ValueError(_checks.problem(where, "lists of one length", got, "give each as many values"))
    return sizes.pop() if sizes else 1


def _named(where: str, name: str, settings: dict[str, Any]) -> str:
    try:
        return name.format(**settings)
    except (KeyError, ValueError, IndexError, AttributeError) as error:
        allowed = f"braces around one of {', '.join(settings)}"
        raise ValueError(_checks.problem(where, allowed, repr(name), f"correct the name ({error})")) from None
