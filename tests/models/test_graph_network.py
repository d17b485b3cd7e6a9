import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch_geometric.data import Batch, Data
from torch_geometric.nn import GCNConv as PyGConv

from gnn_toolkit.graphs import GridDAG, Neighbourhoods, repeat_graph
from gnn_toolkit.layers import DAGGRU, DAGLRU, DAGLSTM, DAGRNN, DAGMamba, DAGMinGRU, DAGMinLSTM
from gnn_toolkit.models import GraphNetwork, RecurrentStack

F, H, C = 4, 5, 3
KINDS = {"rnn": DAGRNN, "gru": DAGGRU, "lstm": DAGLSTM}
LAYERS = [*KINDS, "gcn", "mlp"]


def make(layer: str, **options: Any) -> GraphNetwork:
    torch.manual_seed(0)
    return GraphNetwork(F, H, C, layer=layer, **options).double()


def graph(num_nodes: int, edges: list[list[int]], seed: int = 0) -> Data:
    x = torch.randn(num_nodes, F, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return Data(x=x, edge_index=torch.tensor(edges, dtype=torch.long).view(-1, 2).t())


TREE = graph(5, [[0, 2], [1, 2], [2, 4], [3, 4]])
GRAPHS = [TREE, graph(1, [], 1), graph(3, [[0, 1], [1, 2]], 2)]


def states_by_hand(model: GraphNetwork, data: Data, num_layers: int) -> Tensor:
    """Return the last layer's states, composed of other layers with the same parameters."""
    x, edge_index = data.x, data.edge_index
    assert x is not None
    assert edge_index is not None
    if model.layer in KINDS:
        layer = KINDS[model.layer](F, H, num_layers).double()
        layer.load_state_dict(model.layers[0].state_dict())
        return layer(x, edge_index)[0]
    for k in range(num_layers):
        kind: Any = PyGConv if model.layer == "gcn" else nn.Linear
        layer = kind(H if k else F, H).double()
        layer.load_state_dict(model.layers[k].state_dict())
        x = torch.relu(layer(x, edge_index) if model.layer == "gcn" else layer(x))
    return x


@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize("layer", LAYERS)
def test_node_logits_are_those_of_the_layers_and_the_head(layer: str, num_layers: int):
    model = make(layer, num_layers=num_layers)
    head = model.get_parameter("head.weight"), model.get_parameter("head.bias")
    expected = states_by_hand(model, TREE, num_layers) @ head[0].T + head[1]
    torch.testing.assert_close(model(TREE), expected)


@pytest.mark.parametrize("layer", ["gcn", "mlp"])
def test_without_a_head_the_last_layer_makes_the_logits(layer: str):
    model = make(layer, head=False)
    kind: Any = PyGConv if layer == "gcn" else nn.Linear
    first, second = kind(F, H).double(), kind(H, C).double()
    first.load_state_dict(model.layers[0].state_dict())
    second.load_state_dict(model.layers[1].state_dict())
    edges = (TREE.edge_index,) if layer == "gcn" else ()
    torch.testing.assert_close(model(TREE), second(first(TREE.x, *edges).relu(), *edges))
    assert not list(model.head.parameters())


@pytest.mark.parametrize("layer", LAYERS)
def test_an_embedding_is_a_linear_layer_with_relu_before_the_others(layer: str):
    model, rest = make(layer, embedding=True), GraphNetwork(H, H, C, layer=layer).double()
    state = {name.replace("layers.0", "layers.-1"): value for name, value in model.state_dict().items()}
    for k in range(1, len(model.layers)):
        state = {name.replace(f"layers.{k}", f"layers.{k - 1}"): value for name, value in state.items()}
    embedding = nn.Linear(F, H).double()
    embedding.load_state_dict({name: state.pop(f"layers.-1.{name}") for name in ("weight", "bias")})
    rest.load_state_dict(state)
    expected = rest(Data(x=embedding(TREE.x).relu(), edge_index=TREE.edge_index))
    torch.testing.assert_close(model(TREE), expected)


@pytest.mark.parametrize("embedding", [False, True])
@pytest.mark.parametrize("layer", LAYERS)
def test_copies_of_nodes_read_the_rows_that_they_copy(layer: str, embedding: bool):
    model = make(layer, embedding=embedding, readout="last")
    view = Neighbourhoods("bfs", size=3)(TREE)
    expected = [
        model(
            Data(x=TREE["x"][view.copy_of[view.batch == v]], edge_index=torch.tensor([[0, 1], [1, 2]])[:, : count - 1])
        )
        for v, count in enumerate(view.batch.bincount().tolist())
    ]
    torch.testing.assert_close(model(view), torch.cat(expected))


@pytest.mark.parametrize("layer", LAYERS)
def test_input_dropout_drops_features_only_in_training(layer: str):
    model, plain = make(layer, input_dropout=1.0), make(layer)
    blank = Data(x=torch.zeros_like(TREE["x"]), edge_index=TREE.edge_index)
    torch.testing.assert_close(model(TREE), plain(blank))
    assert not model(TREE).allclose(plain(TREE))
    assert model.eval()(TREE).equal(plain(TREE))


@pytest.mark.parametrize("layer", LAYERS)
def test_the_last_node_or_the_mean_speaks_for_a_graph(layer: str):
    batch: Any = Batch.from_data_list(list(GRAPHS))
    for readout in ("last", "mean"):
        model = make(layer, readout=readout)
        rows = []
        for data in GRAPHS:
            states = states_by_hand(model, data, 2)
            rows.append(states[-1] if readout == "last" else states.mean(0))
        expected = model.head(torch.stack(rows))
        torch.testing.assert_close(model(batch), expected)
        torch.testing.assert_close(torch.cat([model(data) for data in GRAPHS]), expected)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_repeated_graph_is_a_batch(layer: str):
    model = make(layer, readout="mean")
    copies = [graph(5, [[0, 2], [1, 2], [2, 4], [3, 4]], seed) for seed in range(3)]
    repeated = repeat_graph(TREE, 3)
    repeated.x = torch.cat([data.x for data in copies if data.x is not None])
    torch.testing.assert_close(model(repeated), torch.cat([model(data) for data in copies]))


@pytest.mark.parametrize("layer", KINDS)
def test_recurrences_tell_edge_types_apart(layer: str):
    data = GridDAG(2, 3)(graph(6, []))
    model = make(layer, num_relations=2)
    twin = KINDS[layer](F, H, 2, num_relations=2).double()
    twin.load_state_dict(model.layers[0].state_dict())
    expected = model.head(twin(data.x, data.edge_index, edge_type=data.edge_type)[0])
    torch.testing.assert_close(model(data), expected)
    turned = data.clone()
    turned.edge_type = 1 - data.edge_type
    assert not torch.allclose(model(turned), expected)


def test_a_convolution_reads_the_weights_of_edges():
    model, data = make("gcn", num_layers=1, head=False), graph(3, [[0, 1], [1, 2], [2, 0]])
    data.edge_weight = torch.tensor([1.0, 0.0, 3.0], dtype=torch.float64)
    conv: Any = model.layers[0]
    assert model(data).equal(conv(data.x, data.edge_index, data.edge_weight))
    assert not torch.allclose(model(data), conv(data.x, data.edge_index))


def test_a_stored_level_is_used():
    data = TREE.clone()
    data.level = torch.tensor([0, 0, 0, 0, 1])
    with pytest.raises(ValueError, match=r"^level: .* for the edge 0 -> 2"):
        make("gru")(data)
    data.level = torch.tensor([0, 3, 4, 1, 9])
    torch.testing.assert_close(make("gru")(data), make("gru")(TREE))


def test_a_mlp_looks_at_no_edges():
    model = make("mlp")
    assert model(TREE).equal(model(Data(x=TREE.x)))


@pytest.mark.parametrize("layer", LAYERS)
def test_dropout_drops_what_later_layers_read_and_only_in_training(layer: str):
    model, plain = make(layer, dropout=1.0), make(layer)
    first = states_by_hand(model, TREE, 1) if layer not in KINDS else None
    model.eval()
    assert model(TREE).equal(plain(TREE))
    model.train()
    if first is None:
        twin = KINDS[layer](H, H).double()
        parameters = model.layers[0].state_dict().items()
        twin.load_state_dict({n.replace("_l1", "_l0"): p for n, p in parameters if "_l1" in n})
        states = twin(torch.zeros(5, H, dtype=torch.float64), TREE.edge_index)[0]
    else:
        second: Any = model.layers[1]
        states = torch.relu(second.bias).expand(5, H)
    torch.testing.assert_close(model(TREE), model.head(states))


@pytest.mark.parametrize("layer", LAYERS)
def test_dropout_leaves_the_features_and_the_head_s_input_alone(layer: str):
    assert make(layer, num_layers=1, dropout=1.0)(TREE).equal(make(layer, num_layers=1)(TREE))


@pytest.mark.parametrize("layer", KINDS)
def test_a_forget_bias_is_given_to_the_layers_that_have_a_gate_for_it(layer: str):
    with_bias, without = make(layer, forget_bias=2.0), make(layer)
    for (name, a), b in zip(with_bias.named_parameters(), without.parameters(), strict=True):
        added = torch.zeros_like(b)
        if "bias_ih" in name and layer != "rnn":
            added[H : 2 * H] = 2.0
        torch.testing.assert_close(a, b + added)


@pytest.mark.parametrize("layer", KINDS)
def test_initial_spans_and_orthogonal_weights_are_given_to_the_recurrence(layer: str):
    model = make(layer, chrono=20.0, forget_bias=3.0, orthogonal=True)
    weight, bias = (model.get_parameter(f"layers.0.{name}_l1") for name in ("weight_hh", "bias_ih"))
    torch.testing.assert_close(weight[:H] @ weight[:H].T, torch.eye(H, dtype=weight.dtype), atol=1e-5, rtol=0)
    if layer != "rnn":
        keeping = bias[H : 2 * H] - 3.0
        assert bool((keeping > 0).all() and (keeping < torch.tensor(19.0).log()).all())


BLOCKS = {"mingru": DAGMinGRU, "minlstm": DAGMinLSTM, "lru": DAGLRU, "mamba": DAGMamba}


@pytest.mark.parametrize("layer", BLOCKS)
def test_a_linear_recurrence_stands_in_residual_blocks(layer: str):
    options: dict[str, Any] = {"expansion": 3, "gate": True, "bidirectional": True, "num_layers": 2}
    own: dict[str, Any] = {"state_channels": 3} if layer in ("lru", "mamba") else {}
    model = make(layer, **options, **own)
    stack = RecurrentStack(BLOCKS[layer], F, H, **options, **own).double()
    stack.load_state_dict(model.layers[0].state_dict())
    states, _ = stack(TREE.x, TREE.edge_index)
    torch.testing.assert_close(model(TREE), model.head(states))
    last = make(layer, readout="last", num_layers=2, **own)
    batch: Any = Batch.from_data_list(list(GRAPHS))
    torch.testing.assert_close(last(batch), torch.cat([last(one) for one in GRAPHS]))


@pytest.mark.parametrize("layer", ["mingru", "minlstm", "mamba", "gru", "lstm"])
def test_a_gain_of_the_gates_and_spans_are_given_to_every_layer(layer: str):
    model, plain = make(layer, chrono=20.0, gate_gain=4.0), make(layer, chrono=20.0)
    ratios = {
        name: (now / then).unique().tolist()
        for (name, now), then in zip(model.named_parameters(), plain.parameters(), strict=True)
        if not torch.equal(now, then)
    }
    assert len(ratios) == 2
    assert all(ratio in ([4.0], [1.0, 4.0]) for ratio in ratios.values())
    assert {int(name.split("_l")[-1]) for name in ratios} == ({0} if layer in BLOCKS else {0, 1})


def test_what_only_other_recurrences_take_is_refused():
    with pytest.raises(ValueError, match=r"init_long_memory_: expected chrono and gate_gain for DAGMinGRU"):
        make("mingru", forget_bias=1.0)
    with pytest.raises(ValueError, match=r"options: expected none for 'gcn', got \['state_channels'\]"):
        make("gcn", state_channels=3)


@pytest.mark.parametrize("layer", KINDS)
def test_both_ways_the_last_state_of_each_way_is_read(layer: str):
    model = make(layer, readout="last", bidirectional=True, num_layers=1)
    for data in (GRAPHS[2], Batch.from_data_list([GRAPHS[2], graph(4, [[0, 1], [1, 2], [2, 3]], 3)])):
        _, final = model.layers[0](data["x"], data["edge_index"])
        h_n = final[0] if layer == "lstm" else final
        torch.testing.assert_close(model(data), model.head(torch.cat(list(h_n), 1)))
    nodes = make(layer, bidirectional=True, num_layers=1)
    torch.testing.assert_close(nodes(TREE), nodes.head(nodes.layers[0](TREE.x, TREE.edge_index)[0]))


@pytest.mark.parametrize("layer", ["rnn", "gru", "lstm", "gcn"])
def test_a_network_learns_what_stands_along_the_edges(layer: str):
    # Each root's label is that of its two children: their own features alone tell roots nothing.
    generator = torch.Generator().manual_seed(0)
    bits = torch.randint(2, (60, 2), generator=generator)
    x = torch.zeros(60, 3, 1)
    x[:, :2, 0] = bits.float() * 2 - 1
    label = bits.sum(1).clamp(max=1)
    data = repeat_graph(Data(num_nodes=3, edge_index=torch.tensor([[0, 1], [2, 2]])), 60)
    data.x = x.view(-1, 1)

    def train(kind: str) -> float:
        torch.manual_seed(0)
        model = GraphNetwork(1, 16, 2, layer=kind, num_layers=1, readout="last")
        optimizer = torch.optim.Adam(model.parameters(), 0.05)
        for _ in range(80):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(data), label).backward()
            optimizer.step()
        return float((model(data).argmax(1) == label).float().mean())

    assert train(layer) == 1.0
    assert train("mlp") < 0.9


@pytest.mark.parametrize(
    ("layer", "options", "message"),
    [
        ("gcm", {}, r"layer: expected one of rnn, gru, lstm, mingru, .*, mlp, got 'gcm'; did you mean 'gcn'\?"),
        ("gcn", {"readout": "node"}, r"readout: .* did you mean 'nodes'\?"),
        ("gru", {"head": False}, "head: expected True for a recurrence, got False; the state of a recurrence is no"),
        ("gcn", {"num_layers": 0}, "num_layers: expected an integer of at least 1, got 0"),
        ("gru", {"num_relations": 0}, "num_relations: expected an integer of at least 1, got 0"),
    ],
)
def test_a_network_that_makes_no_sense_is_refused(layer: str, options: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=f"^{message}"):
        make(layer, **options)


def test_data_without_features_are_refused():
    with pytest.raises(ValueError, match=r"^data: expected a graph with node features x, .* set data.x"):
        make("gcn")(Data(num_nodes=2, edge_index=torch.tensor([[0], [1]])))


def test_a_cycle_is_refused_by_a_recurrence_and_taken_by_a_convolution():
    data = graph(3, [[0, 1], [1, 2], [2, 0]])
    assert make("gcn")(data).shape == (3, C)
    with pytest.raises(ValueError, match=r"^edge_index: .* the cycle"):
        make("lstm")(data)


@pytest.mark.parametrize("readout", ["last", "mean"])
@pytest.mark.parametrize(
    "options", [{"layer": "gru"}, {"layer": "lstm", "bidirectional": True}, {"layer": "gcn"}], ids=str
)
def test_a_graph_without_nodes_has_a_state_of_zeros(options: Any, readout: str):
    torch.manual_seed(0)
    model = GraphNetwork(4, 8, 2, readout=readout, **options)
    full: list[Any] = [Data(x=torch.randn(n, 4), edge_index=torch.tensor([[0, 1], [1, 2]])) for n in (3, 4)]
    none = Data(x=torch.randn(0, 4), edge_index=torch.empty(2, 0, dtype=torch.long))
    alone = [model(graph)[0] for graph in full]
    for graphs, places in (
        ([none, full[0], none, full[1]], (1, 3)),
        ([*full, none], (0, 1)),
        ([full[0], none, none, full[1]], (0, 3)),
    ):
        out = model(Batch.from_data_list(graphs))
        assert out.shape == (len(graphs), 2)
        for k, row in enumerate(out):
            torch.testing.assert_close(row, alone[places.index(k)] if k in places else model.head.bias)
    batch: Any = Batch.from_data_list(full)
    torch.testing.assert_close(
        model(Data(x=batch.x, edge_index=batch.edge_index, batch=batch.batch)), torch.stack(alone)
    )


def test_attention_is_a_softmax_over_each_graphs_nodes():
    torch.manual_seed(0)
    model = GraphNetwork(3, 4, 2, layer="mlp", num_layers=1, readout="attention").double()
    x, sizes = torch.randn(5, 3, dtype=torch.float64), [2, 3]
    batch = Data(x=x, edge_index=torch.empty(2, 0, dtype=torch.long), batch=torch.tensor([0, 0, 1, 1, 1]))
    states = torch.relu(model.layers[0](x)).detach()
    assert model.attention is not None
    read = []
    for part in states.split(sizes):
        scores = [math.exp(float(score)) for score in part @ model.attention.weight[0].detach()]
        read.append(sum(score * row for score, row in zip(scores, part, strict=True)) / sum(scores))
    torch.testing.assert_close(model(batch), model.head(torch.stack(read)))
