"""A segmenter of pictures: a first classifier of superpixels, and a Graph LSTM that visits them by its confidence."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gnn_toolkit import _checks
from gnn_toolkit.models.serialization import load_weights, read_description, save_weights
from gnn_toolkit.models.superpixel_network import SuperpixelNetwork


class Segmenter(nn.Module):
    """Labels of the superpixels of pictures.

    A multinomial logistic regression, the first classifier, says how sure it is of each superpixel (its highest
    probability); a :class:`SuperpixelNetwork` of Graph LSTM layers visits the surest first (Liang et al. 2016).

    Args:
        in_channels: width of the features.
        labels: names of the labels 0, 1, ...
        superpixels: about how many a picture is cut into.
        hidden_channels: width of the network.
        num_layers: of the Graph LSTM.
        dropout: of the network while training.

    Attributes:
        mean: of the features in training [F].
        spread: their standard deviation [F].
        first: the first classifier.
        network: the Graph LSTM.

    Raises:
        ValueError: fewer than two labels, two of one name, or a size below 1.

    >>> model = Segmenter(3, ["sky", "field"], hidden_channels=4)
    >>> model(Data(x=torch.randn(2, 3), edge_index=torch.tensor([[0, 1], [1, 0]]))).shape
    torch.Size([2, 2])
    """

    mean: Tensor
    spread: Tensor

    def __init__(
        self,
        in_channels: int,
        labels: Sequence[str],
        *,
        superpixels: int = 200,
        hidden_channels: int = 64,
        num_layers: int = 1,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        self.labels = tuple(labels)
        if len(set(self.labels)) < max(2, len(self.labels)):
            raise ValueError(_checks.problem("labels", "two different names at least", labels, "name each label"))
        self.superpixels = _checks.positive("superpixels", superpixels)
        self.sizes = {
            "in_channels": _checks.positive("in_channels", in_channels),
            "hidden_channels": _checks.positive("hidden_channels", hidden_channels),
            "num_layers": _checks.positive("num_layers", num_layers),
        }
        self.register_buffer("mean", torch.zeros(in_channels))
        self.register_buffer("spread", torch.ones(in_channels))
        self.first = nn.Linear(in_channels, len(self.labels))
        options: dict[str, Any] = {"layer": "graph_lstm", "num_layers": num_layers, "dropout": dropout}
        self.network = SuperpixelNetwork(in_channels, hidden_channels, len(self.labels), **options)

    def standard(self, x: Tensor) -> Tensor:
        """Return features with mean 0 and deviation 1 in training, cut at five deviations."""
        return ((x - self.mean) / self.spread.clamp(min=1e-6)).clamp(-5, 5)

    def confidence(self, data: Data) -> Tensor:
        """Return how sure the first classifier is of each superpixel [N]."""
        assert data.x is not None
        return self.first(self.standard(data.x)).softmax(1).amax(1)

    def forward(self, data: Data) -> Tensor:
        """Return the logits of every superpixel; ``data.score`` [N] is the visiting order, if it has one."""
        assert data.x is not None
        score = data["score"] if "score" in data else self.confidence(data).detach()
        read = Data(x=self.standard(data.x), edge_index=data.edge_index, score=score)
        return self.network(read)

    @torch.no_grad()
    def probabilities(self, data: Data) -> Tensor:
        """Return the probabilities of the labels of each superpixel [N, labels]."""
        training = self.training
        self.eval()
        found = self(data).softmax(1)
        self.train(training)
        return found

    def save(self, path: str | Path, notes: dict[str, Any] | None = None) -> None:
        """Save the segmenter as safetensors, and in a JSON file beside it labels, sizes and ``notes``.

        Raises:
            ValueError: ``path`` does not end in ``.safetensors``.
            FileExistsError: another file is there.
            OSError: a file cannot be written.
        """
        own = {"model": "Segmenter", "labels": list(self.labels), "superpixels": self.superpixels, **self.sizes}
        save_weights(Path(path), self, own | {"notes": notes or {}})

    @classmethod
    def load(cls, path: str | Path) -> "Segmenter":
        """Return a segmenter that was saved.

        Raises:
            ValueError: the files are damaged, or of another model.
            OSError: a file is missing.
        """
        described = read_description(path, "Segmenter")
        keys = ("superpixels", "hidden_channels", "num_layers")
        model = cls(described["in_channels"], described["labels"], **{key: described[key] for key in keys})
        load_weights(Path(path), model)
        return model.eval()
