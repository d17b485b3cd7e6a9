"""Energy counters, from a folder laid out as the kernel's."""

import pytest
import torch

from benchmarks.measure.energy import Energy


def zone(folder, name, microjoules, limit=10_000_000):
    (folder / name).mkdir(exist_ok=True)
    (folder / name / "energy_uj").write_text(f"{microjoules}\n")
    (folder / name / "max_energy_range_uj").write_text(f"{limit}\n")


def test_processors_are_summed_and_their_parts_are_not_counted_twice(tmp_path):
    for name, count in (("intel-rapl:0", 1_000_000), ("intel-rapl:1", 2_000_000), ("intel-rapl:0:0", 500_000)):
        zone(tmp_path, name, count)
    energy = Energy("cpu", tmp_path)
    zone(tmp_path, "intel-rapl:0", 4_500_000)
    zone(tmp_path, "intel-rapl:1", 2_250_000)
    zone(tmp_path, "intel-rapl:0:0", 900_000)
    assert energy.joules() == pytest.approx(3.75)


def test_a_counter_that_runs_over_begins_anew(tmp_path):
    zone(tmp_path, "intel-rapl:0", 9_000_000)
    energy = Energy("cpu", tmp_path)
    zone(tmp_path, "intel-rapl:0", 1_500_000)
    assert energy.joules() == pytest.approx(2.5)


def test_energy_is_blank_where_no_counter_can_be_read(tmp_path):
    assert Energy("cpu", tmp_path).joules() is None
    zone(tmp_path, "intel-rapl:0", 0)
    (tmp_path / "intel-rapl:0" / "energy_uj").write_text("")
    assert Energy("cpu", tmp_path).joules() is None


@pytest.mark.skipif(torch.cuda.is_available(), reason="is about machines without a GPU")
def test_energy_of_a_training_on_a_gpu_is_blank_without_its_counter(tmp_path):
    zone(tmp_path, "intel-rapl:0", 0)
    assert Energy("cuda", tmp_path).joules() is None
