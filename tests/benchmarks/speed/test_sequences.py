import torch

from benchmarks.speed import sequences, timing


def test_our_models_agree_with_torch_s_at_a_tiny_size():
    torch.manual_seed(0)
    for made in (
        sequences.dense("cpu", "GRU", batch=2, steps=3, width=4, hidden=5),
        sequences.ragged("cpu", "LSTM", batch=3, lengths=(1, 4), width=4, hidden=5),
    ):
        timing.assert_agreement(made.ours(), made.expected())
        made.rival()
