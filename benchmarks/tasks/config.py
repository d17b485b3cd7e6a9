"""A configuration: how a model is trained and how large it is. A suite changes it, for all tasks or for one."""

from dataclasses import dataclass, field
from typing import Any

from gnn_toolkit.training import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """How every model of a comparison is trained, and how large it is.

    Attributes:
        hidden_channels: width of every model.
        num_layers: number of layers of every recurrence and of the text models; of a linear one, of blocks.
        batch_size: graphs, or windows of text, in a training batch.
        num_convolutions: number of layers of a convolution, which sees as many hops far.
        dropout: of every model.
        forget_bias: added at the start to the gate by which a GRU or LSTM keeps the past.
        chrono: the steps over which a recurrence with gates is to remember, by which its biases are drawn, or the
            rates of an LRU; 0: they are not.
        gate_gain: the weights by which the gates of a recurrence see x are multiplied by it at the start.
        orthogonal: whether a recurrence's weights of its own states are drawn orthogonal.
        aggr: how a recurrence over a graph aggregates over predecessors; the committed records are of sums.
        expansion: hidden width of the perceptron in each block of a linear recurrence, in widths of the block.
        state_channels: of Mamba, the number of channels of each hidden one.
        input_dropout: of the features.
        embedding: whether a recurrence reads what a linear layer with relu makes of the features.
        head: whether a linear layer makes the logits of a convolution or MLP; if not, its last layer does.
        parameters: the width of a generator of text is chosen to come nearest to so many, whatever ``hidden_channels``.
        target: a validation score worth reaching; the time to it is a cost.
        data: the options of the task's data, e.g. the length of a palindrome.
        plugins: files and modules outside the benchmarks in which tasks, views and models are.
    """

    hidden_channels: int = 64
    num_layers: int = 1
    batch_size: int = 1
    num_convolutions: int = 2
    dropout: float = 0.0
    forget_bias: float = 0.0
    chrono: float = 0.0
    gate_gain: float = 1.0
    orthogonal: bool = False
    aggr: str = "sum"
    expansion: int = 2
    state_channels: int = 16
    input_dropout: float = 0.0
    embedding: bool = False
    head: bool = True
    parameters: int | None = None
    target: float | None = None
    data: dict[str, Any] = field(default_factory=dict)
    plugins: list[str] = field(default_factory=list)
