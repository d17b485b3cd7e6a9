"""Text: the right answers are the next characters, and no stretch holds what it should not."""

import torch

from benchmarks.tasks import text


def test_text_answers_are_the_next_characters():
    problem = text.TEXT.problem(0)
    assert "Python's language reference" in problem.note
    batch = problem.train(torch.Generator().manual_seed(0), 4)
    assert torch.equal(batch.x[:, 1:], batch.y[:, :-1])
    test, rest = problem.held_out("test")
    validation, _ = problem.held_out("validation")
    assert torch.equal(test.x.flatten()[1:], test.y.flatten()[:-1])
    assert torch.equal(test.y.flatten()[-1:], rest.x.flatten()[:1])
    assert not torch.equal(test.x[0], validation.x[0])


def test_text_has_no_licence_in_any_stretch(data_folder):
    data_folder("grimm/grimm.txt")
    problem = text.BOOKS["grimm"].problem(0)
    assert problem.corpus is not None
    for part in ("validation", "test"):
        for batch in problem.held_out(part):
            assert "Gutenberg" not in problem.corpus.vocabulary.decode(batch.x.flatten())
