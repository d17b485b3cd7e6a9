"""A short run of the fuzzer: every reader refuses damaged files with a ``ValueError``, or reads values."""

import random

from tests.fuzz_files import damaged, fuzz


def test_damaged_files_are_refused_or_read_and_never_crash():
    found = fuzz(800)
    assert found.total() == 800
    assert found["pickle", "read"] > 20  # a bit of a number may well flip
    assert found["pickle", "refused"] > 200
    assert found["model", "refused"] > 20
    assert found["model", "read"] == found["checkpoint", "read"] == 0
    assert found["checkpoint", "set aside"] > 10
    assert found["texts", "read"] > 5


def test_damage_is_repeatable_and_changes_a_file():
    first, second = (damaged(bytes(100), random.Random(3)) for _ in range(2))
    assert first == second != bytes(100)
