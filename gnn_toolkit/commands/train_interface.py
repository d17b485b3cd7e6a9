"""``train-interface``: a network that says where two proteins touch, trained on Docking Benchmark 5."""

from pathlib import Path
from typing import Annotated

import typer

from gnn_toolkit.commands.console import bar_of_steps, between_steps, say
from gnn_toolkit.commands.writing import check_written
from gnn_toolkit.datasets import Complex, load_docking_benchmark
from gnn_toolkit.models.serialization import check_free, described
from gnn_toolkit.training import FittedInterfaces, InterfaceSettings, fit_interfaces

MODEL = Path("interface.safetensors")
DEFAULTS = InterfaceSettings()


def train_interface(
    out: Annotated[Path, typer.Option(help="Where the network goes; ends in .safetensors.")] = MODEL,
    epochs: Annotated[int, typer.Option(min=1, help="How often each complex is seen.")] = DEFAULTS.epochs,
    hidden: Annotated[int, typer.Option(min=1, help="Width of the first layer.")] = DEFAULTS.hidden_channels,
    layers: Annotated[int, typer.Option(min=1, help="Number of convolutions.")] = DEFAULTS.num_convolutions,
    seed: Annotated[int, typer.Option(help="Of weights and batches.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a network that is there.")] = False,
) -> None:
    """Train a network on the 230 complexes of Docking Benchmark 5, test it, and save it for ``interface``.

    The data are downloaded and prepared when they are first asked for (150 MB, some minutes). Training takes about a
    minute.
    """
    check_written("--out", [out, described(out)], [], force=force)
    check_free(out)
    settings = InterfaceSettings(epochs=epochs, hidden_channels=hidden, num_convolutions=layers, seed=seed)
    complexes = load_docking_benchmark()
    fitted = _trained(complexes, settings)
    fitted.save(out)
    sizes = ", ".join(f"{count} {part}" for part, count in fitted.sizes.items())
    say(f"{sizes} complexes; median AUC: test {fitted.median:.3f}; mean AUC: validation {fitted.validation:.3f}")
    say(f"wrote {out} and {described(out)}; now: python -m gnn_toolkit interface LIGAND.pdb RECEPTOR.pdb --model {out}")


def _trained(complexes: list[Complex], settings: InterfaceSettings) -> FittedInterfaces:
    with bar_of_steps() as progress, between_steps() as stop_if_asked:
        bar = progress.add_task("", total=None)

        def count(step: int, steps: int) -> None:
            progress.update(bar, completed=step, total=steps)
            stop_if_asked()

        try:
            return fit_interfaces(complexes, settings, progress=count)
        except KeyboardInterrupt:
            say("\nStopped; nothing is kept.")
            raise typer.Exit(130) from None
