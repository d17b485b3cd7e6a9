"""Property tests draw the same examples in every run, no example fails on a busy machine, and sums add up alike."""

import torch
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("repeatable")
torch.set_num_threads(1)  # small tensors: more threads would only wait for each other
