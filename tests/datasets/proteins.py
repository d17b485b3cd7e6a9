"""Complexes whose residues that touch can be learnt: they carry a mark in their features."""

import torch
from torch_geometric.data import Data

from gnn_toolkit.datasets import Complex


def chain(count: int, generator: torch.Generator, width: int = 4) -> Data:
    """Return a protein of random features; a residue touches where its first feature is above 1."""
    x = torch.randn(count, width, generator=generator)
    target = torch.arange(count).repeat_interleave(2)
    source = (target + torch.tensor([1, count - 1]).repeat(count)) % count
    data = Data(x=x, edge_index=torch.stack([source, target]), edge_attr=torch.rand(2 * count, 2, generator=generator))
    data.rank, data.chain = torch.arange(2).repeat(count), torch.zeros(count, dtype=torch.long)
    return data


def complexes(count: int, tested: int, width: int = 4) -> list[Complex]:
    """Return so many complexes, the last of which are tested."""
    generator, found = torch.Generator().manual_seed(0), []
    for k in range(count):
        parts = []
        for _ in range(2):
            part = chain(int(torch.randint(8, 14, (1,), generator=generator)), generator, width)
            part["x"][:2, 0] = 2.0
            parts.append(part)
        marked = [(part["x"][:, 0] > 1).nonzero().flatten() for part in parts]
        found.append(Complex(f"C{k}", parts[0], parts[1], torch.cartesian_prod(*marked), k >= count - tested))
    return found
