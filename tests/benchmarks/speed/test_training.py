import torch

from benchmarks.speed import timing, training


def test_our_training_is_pyg_s_epoch_by_epoch():
    torch.manual_seed(0)
    made = training.full_batch("cpu", nodes=60, edges=200, width=40, words=5, known=20, epochs=30)
    (losses,) = made.ours()
    timing.assert_agreement([losses], made.expected())
    assert losses.shape == (30,)
    assert losses[-5:].mean() < 0.95 * losses[:5].mean()
    made.rival()
