"""One trial: build the model, train it, test it once, and say what it cost."""

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path

import torch
from lightning_fabric import seed_everything
from torch import Tensor, nn
from torch_geometric.data import Data

from benchmarks import cost, flops, problems
from benchmarks.energy import Energy
from benchmarks.machine import PeakMemory, describe
from benchmarks.problems import Batch, Problem
from benchmarks.records import Record, Trial
from benchmarks.suites import MODELS, TASKS, VIEWS, Task
from gnn_toolkit.graphs import repeat_graph
from gnn_toolkit.models import CharGenerator, GraphNetwork
from gnn_toolkit.models.network import RECURRENCES
from gnn_toolkit.training import fit

TEMPERATURES = (0.0, 0.5, 1.0, 2.0)
PROMPT, SAMPLE_LENGTH = "The ", 160


def make_trial(task: str, view: str, model: str, seed: int, device: str) -> Trial:
    """Return the trial of a model, with everything that its result depends on."""
    spec = TASKS[task]
    config = {
        "settings": asdict(replace(spec.settings, seed=seed, device=device)),
        "hidden_channels": spec.hidden_channels,
        "num_layers": spec.num_layers,
        "num_convolutions": spec.num_convolutions,
        "dropout": spec.dropout,
        "memory_bias": spec.memory_bias,
    }
    return Trial(task, view, model, seed, config)


def make_baseline(task: str, name: str, seed: int) -> Trial:
    """Return the trial of a structure-free baseline."""
    return Trial(task, "", name, seed, {})


def problem_of(task: str, seed: int) -> Problem:
    """Return a task's data for a seed, kept for the next trial."""
    return _problem(task, seed if TASKS[task].split_by_seed else 0)


@lru_cache(maxsize=8)
def _problem(task: str, seed: int) -> Problem:
    return TASKS[task].problem(seed)


def run_baseline(trial: Trial) -> Record:
    """Fit and test a structure-free baseline."""
    problem = problem_of(trial.task, trial.seed)
    memory, began = PeakMemory("cpu"), time.perf_counter()
    test, parameters = problem.baselines[trial.model]()
    return Record(
        trial,
        test=test,
        parameters=parameters,
        seconds=time.perf_counter() - began,
        peak_memory_mib=memory.mebibytes(),
        note=problem.note,
        machine=describe(),
    )


def run_trial(trial: Trial, checkpoint: Path, progress: Callable[[int], None]) -> Record:
    """Train and test a model; the test data are touched once, with the weights that validated best."""
    task, problem = TASKS[trial.task], problem_of(trial.task, trial.seed)
    settings = replace(task.settings, seed=trial.seed, device=trial.config["settings"]["device"])
    memory, gpu_memory = PeakMemory("cpu"), PeakMemory("cuda") if settings.device == "cuda" else None
    seed_everything(trial.seed, verbose=False)
    model = build(task, problem, trial.view, trial.model)
    energy = Energy(settings.device)
    history = fit(
        model,
        problem.train,
        training_loss,
        lambda network: evaluate(network, problem, task.metric, "validation"),
        settings,
        higher_is_better=task.higher_is_better,
        checkpoint=checkpoint,
        progress=progress,
    )
    joules = energy.joules()
    batch = problem.train(torch.Generator().manual_seed(trial.seed)).to(next(model.parameters()).device)
    flops_per_step = flops.of_step(model, lambda: training_loss(model, batch))
    model.eval()
    with torch.no_grad():
        test = evaluate(model, problem, task.metric, "test")
    return Record(
        trial,
        test=test,
        parameters=sum(p.numel() for p in model.parameters()),
        seconds=history.seconds[-1],
        steps_per_second=settings.steps / history.seconds[-1],
        samples_per_second=settings.steps * batch.x.size(0) / history.seconds[-1],
        flops_per_step=flops_per_step,
        seconds_to_target=cost.seconds_to(task.target, task.higher_is_better, history),
        peak_memory_mib=memory.mebibytes(),
        peak_gpu_memory_mib=None if gpu_memory is None else gpu_memory.mebibytes(),
        energy_joules=joules,
        curve=asdict(history),
        samples=model.samples(trial.seed) if isinstance(model, TextModel) else {},
        note=problem.note,
        machine=describe(),
    )


def training_loss(network: nn.Module, batch: Batch) -> Tensor:
    """Return the mean cross entropy of the answers that count."""
    return nn.functional.cross_entropy(*problems.counted(network(batch), batch))


def evaluate(network: nn.Module, problem: Problem, metric: str, part: str) -> float:
    """Return the score of a network on held-out data: a sum over all answers, divided once."""
    device = next(network.parameters()).device
    total, answers = 0.0, 0
    for batch in problem.held_out(part):
        batch = batch.to(device)
        points, count = problems.score(metric, network(batch), batch)
        total, answers = total + points, answers + count
    return total / answers


def build(task: Task, problem: Problem, view: str, model: str) -> nn.Module:
    """Return the model of a comparison, untrained."""
    layer, _ = MODELS[model]
    if problem.vocabulary is not None:
        sizes = {"hidden_channels": task.hidden_channels, "num_layers": task.num_layers, "dropout": task.dropout}
        return TextModel(CharGenerator(problem.vocabulary, layer, **sizes))
    transform = VIEWS[view][1]
    graph = problem.graph if transform is None else transform(problem.graph)
    num_relations = int(graph.edge_type.max()) + 1 if "edge_type" in graph else 1
    recurrent = layer in RECURRENCES
    readout = problem.readout
    if readout == "graph":  # a recurrence has seen the whole graph at its last node, a convolution nowhere
        readout = "last" if recurrent else "mean"
    network = GraphNetwork(
        problem.num_features,
        task.hidden_channels,
        problem.num_classes,
        layer=layer,
        num_layers=task.num_layers if recurrent else task.num_convolutions,
        num_relations=num_relations,
        readout=readout,
        dropout=task.dropout,
        memory_bias=task.memory_bias,
    )
    return GraphModel(network, graph)


class GraphModel(nn.Module):
    """A network over batches of equal graphs; the batch's structure is made once for each size and kept."""

    def __init__(self, network: GraphNetwork, graph: Data) -> None:
        super().__init__()
        self.network, self.graph = network, graph
        self._structures: dict[int, Data] = {}

    def forward(self, batch: Batch) -> Tensor:
        """Return the logits of each graph or node of the batch."""
        count, nodes, width = batch.x.shape
        if count not in self._structures:
            self._structures[count] = repeat_graph(self.graph, count).to(batch.x.device)
        data = self._structures[count]
        data.x = batch.x.reshape(count * nodes, width)
        return self.network(data)


class TextModel(nn.Module):
    """A generator of text as a model of the suite: the characters of each window are a path."""

    def __init__(self, generator: CharGenerator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, batch: Batch) -> Tensor:
        """Return the logits of the character after each character of the batch, [B * n, classes]."""
        return self.generator(batch.x)[0].flatten(0, 1)

    def samples(self, seed: int) -> dict[str, str]:
        """Return text written after the prompt, at each temperature."""
        write = self.generator.generate
        return {f"{t:g}": PROMPT + write(PROMPT, SAMPLE_LENGTH, t, seed=seed) for t in TEMPERATURES}
