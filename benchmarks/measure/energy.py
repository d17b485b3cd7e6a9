"""Energy, where the machine counts it: Intel's and AMD's RAPL counters of each processor, NVML's counter of the GPU."""

from pathlib import Path

import pynvml
import torch

POWERCAP = Path("/sys/class/powercap")


class Energy:
    """The energy that processors and GPU use from construction on.

    A counter belongs to a whole processor or a whole GPU: whatever else runs there meanwhile is counted too.

    Args:
        device: of the training; with ``"cuda"`` the GPU must say its energy, or the whole is unknown.
        powercap: the kernel's folder of RAPL counters.
    """

    def __init__(self, device: str, powercap: Path = POWERCAP) -> None:
        self._gpu = device.startswith("cuda")
        # "intel-rapl:0" is a whole processor, "intel-rapl:0:1" a part that it already includes.
        self._zones = sorted(path for path in powercap.glob("*-rapl:*") if path.name.count(":") == 1)
        self._began, self._gpu_began = self._processors(), _gpu_joules() if self._gpu else 0.0

    def joules(self) -> float | None:
        """Return the energy since construction; ``None`` where the machine does not say it."""
        if self._began is None or self._gpu_began is None:
            return None
        now, gpu_now = self._processors(), _gpu_joules() if self._gpu else 0.0
        if now is None or gpu_now is None:
            return None
        used = [
            after - before if after >= before else after - before + limit  # the counter ran over and began anew
            for (before, limit), (after, _) in zip(self._began, now, strict=True)
        ]
        return sum(used) + gpu_now - self._gpu_began

    def _processors(self) -> list[tuple[float, float]] | None:
        """Return each processor's counter and its largest value, in joules; ``None`` where none can be read."""
        try:
            counters = [
                (int((zone / "energy_uj").read_text()) / 1e6, int((zone / "max_energy_range_uj").read_text()) / 1e6)
                for zone in self._zones
            ]
        except (OSError, ValueError):  # the counters are often for the administrator alone
            return None
        return counters or None


def _gpu_joules() -> float | None:
    """Return the energy counter of the GPU in use; ``None`` where the driver does not tell it."""
    try:
        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties().uuid}")
        return pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1e3
    except (pynvml.NVMLError, AssertionError, RuntimeError):  # no driver, or a card that does not count
        return None
