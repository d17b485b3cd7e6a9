"""Claims: one holder at a time, nothing left behind."""

import os
import threading

from benchmarks.run.locks import claim, owner


def test_a_held_trial_is_not_given_out_again_until_it_is_free(tmp_path):
    with claim(tmp_path, "a") as first, claim(tmp_path, "a") as second, claim(tmp_path, "b") as other:
        assert (first, second, other) == (True, False, True)
        assert owner(tmp_path, "a").startswith(f"process {os.getpid()} on ")
    assert owner(tmp_path, "a") == ""
    with claim(tmp_path, "a") as again:
        assert again
    assert list((tmp_path / "locks").iterdir()) == []


def test_whoever_waits_gets_it_when_it_is_free(tmp_path):
    order = []

    def waiting():
        with claim(tmp_path, "a", wait=True) as held:
            order.append(("second", held))

    with claim(tmp_path, "a"):
        thread = threading.Thread(target=waiting)
        thread.start()
        thread.join(0.2)
        order.append(("first", True))
    thread.join(10)
    assert order == [("first", True), ("second", True)]


def test_many_at_once_are_never_two_at_once(tmp_path):
    inside, most = [], []

    def enter():
        for _ in range(50):
            with claim(tmp_path, "a", wait=True):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most == [1] * 200
