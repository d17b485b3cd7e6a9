"""What is remembered, for how long, what makes it new again, and what is never remembered."""

import gc
import runpy
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd import forward_ad

from gnn_toolkit import _memo
from gnn_toolkit._memo import EACH, OWNERLESS, OWNERS, aside, remember, remembered
from gnn_toolkit._transforms import FUNCTORCH


class Counted:
    """The sum of all given tensors, and how often it was found."""

    def __init__(self) -> None:
        self.times = 0

    def ask(self, owner: Tensor, *inputs: Tensor | None, question: Any = "sum") -> Tensor:
        def make() -> Tensor:
            self.times += 1
            return torch.stack([t.sum() for t in (owner, *inputs) if t is not None]).sum()

        return remembered(owner, question, make, *inputs)


def by_data(tensor: Tensor) -> None:
    tensor.data[0, 1] += 5


def by_numpy(tensor: Tensor) -> None:
    tensor.numpy()[0, 1] += 5


def by_dlpack(tensor: Tensor) -> None:
    np.from_dlpack(tensor)[0, 1] += 5


def in_shared_memory(tensor: Tensor) -> None:
    other = tensor.share_memory_().untyped_storage()._share_filename_cpu_()
    same = torch.UntypedStorage._new_shared_filename_cpu(*other)
    torch.tensor([], dtype=tensor.dtype).set_(same, 0, tensor.shape, tensor.stride())[0, 1] += 5


def by_two_writes_that_cancel(tensor: Tensor) -> None:
    tensor.data[0, 1] += 5
    tensor.data[1, 2] -= 5


WRITES = [by_data, by_numpy, by_dlpack, in_shared_memory, by_two_writes_that_cancel]


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.float32, torch.float64, torch.float16])
def test_every_write_is_seen(write: Callable[[Tensor], None], which: int, dtype: torch.dtype):
    tensors = [torch.arange(3000).view(2, 1500).remainder(7).to(dtype) for _ in range(2)]
    counted = Counted()
    first = counted.ask(*tensors)
    assert counted.ask(*tensors) is first
    version = tensors[which]._version
    write(tensors[which])
    assert tensors[which]._version == version  # torch has not counted it
    second = counted.ask(*tensors)
    assert counted.times == 2
    assert second == tensors[0].sum() + tensors[1].sum()


def test_content_is_compared_bit_by_bit():
    owner, counted = torch.zeros(2), Counted()
    for value in (0.0, -0.0, torch.nan):
        owner.data[0] = value
        counted.ask(owner)
        counted.ask(owner)
    assert counted.times == 3
    narrow = torch.zeros(4, dtype=torch.bfloat16)
    assert counted.ask(narrow) is counted.ask(narrow)
    narrow.data[3] = 1
    assert counted.ask(narrow) == 1


def test_form_type_and_layout_count_as_content():
    owner, counted = torch.ones(6), Counted()
    for given in (torch.ones(4), torch.ones(2, 2), torch.ones(4).double(), torch.ones(4).int(), None):
        counted.ask(owner, given)
    assert counted.times == 5
    strided = torch.arange(6).view(3, 2).t()
    assert counted.ask(strided) is counted.ask(strided)
    strided.data[0, 2] = 9
    assert counted.ask(strided) == 20


@pytest.mark.parametrize("layout", [torch.sparse_coo, torch.sparse_csr, torch.sparse_csc])
def test_all_parts_of_a_sparse_matrix_are_compared(layout: torch.layout):
    matrix = torch.tensor([[0.0, 2.0, 0.0], [3.0, 0.0, 0.0], [0.0, 0.0, 0.0]]).to_sparse(layout=layout)

    def ask() -> Tensor:
        return remembered(matrix, "dense", matrix.to_dense)

    assert ask() is ask()
    parts = {
        torch.sparse_coo: lambda: (matrix._values(), matrix._indices()[0]),
        torch.sparse_csr: lambda: (matrix.values(), matrix.col_indices()),
        torch.sparse_csc: lambda: (matrix.values(), matrix.row_indices()),
    }[layout]()
    for part in parts:  # the value of the second entry, and a column or row of it
        before = ask()
        part.numpy()[1] = part.numpy()[1] + 5 if part.is_floating_point() else 2
        assert not ask().equal(before)


def test_equal_tensors_have_answers_of_their_own():
    counted = Counted()
    one, other = torch.ones(3), torch.ones(3)
    assert counted.ask(one) is not counted.ask(other)
    assert counted.ask(one, torch.ones(2)) is counted.ask(one, torch.ones(2))  # inputs count by content alone


def test_an_answer_that_somebody_wrote_into_is_found_anew():
    owner, counted = torch.ones(3), Counted()
    counted.ask(owner).mul_(2)
    assert counted.ask(owner) == 3
    nested = remembered(owner, "nested", lambda: (owner.clone(), [owner + 1]))
    nested[1][0].add_(1)
    assert remembered(owner, "nested", lambda: (owner.clone(), [owner + 1]))[1][0].tolist() == [2, 2, 2]


def test_one_question_may_lead_to_another_about_the_same_tensor():
    owner, counted = torch.ones(3), Counted()
    remembered(owner, "outer", lambda: counted.ask(owner).clone())
    counted.ask(owner)
    assert counted.times == 1


def test_an_error_is_not_remembered():
    owner = torch.ones(3)
    with pytest.raises(ZeroDivisionError):
        remembered(owner, "question", lambda: 1 / 0)
    assert remembered(owner, "question", lambda: 2) == 2


def test_threads_never_get_each_others_answers():
    owner, wrong = torch.arange(20), []
    weights = [torch.full((20,), float(k)) for k in range(2)]
    start = threading.Barrier(2)

    def go(k: int) -> None:
        start.wait()
        for step in range(1500):
            if step % 100 == 0:
                remembered(owner, ("other", k, step), lambda step=step: step)
            if remembered(owner, "sum", lambda: float(weights[k].sum()), weights[k]) != 20 * k:
                wrong.append(step)

    threads = [threading.Thread(target=go, args=(k,)) for k in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_little_is_kept():
    owner, counted = torch.ones(3), Counted()
    for k in range(2000):
        counted.ask(owner, question=k)
    assert len(_memo._SHELVES[id(owner)].answers) == EACH
    counted.ask(owner, question=1999 - EACH + 1)  # the oldest that is left, now the newest
    counted.ask(owner, question="one more")
    assert counted.times == 2001
    counted.ask(owner, question=1999 - EACH + 1)
    assert counted.times == 2001
    owners = [torch.full((1,), k) for k in range(OWNERS + 5)]
    for tensor in owners:
        counted.ask(tensor)
    assert len(_memo._SHELVES) == OWNERS
    assert id(owner) not in _memo._SHELVES
    for k in range(OWNERLESS + 5):
        remembered(None, ("number", k), lambda k=k: k)
    assert len(_memo._SHELVES[id(_memo._NOBODY)].answers) == OWNERLESS


def test_an_answer_dies_with_its_owner_and_keeps_no_input_alive():
    owner, given = torch.ones(3), torch.ones(2)
    answer = weakref.ref(remembered(owner, "copy", owner.clone, given))
    within = weakref.ref(remembered(answer(), "of the answer", torch.ones(1).clone))
    held = weakref.ref(given)
    del given
    gc.collect()
    assert held() is None
    assert answer() is not None
    assert within() is not None
    del owner
    gc.collect()
    assert (answer(), within()) == (None, None)


def test_what_dies_while_the_lock_is_held_goes_later():
    owner = torch.ones(3)
    key, answer = id(owner), weakref.ref(remembered(owner, "copy", owner.clone))
    with _memo._LOCK:
        del owner
        gc.collect()
    assert key in _memo._SHELVES
    remembered(None, "anything", lambda: 1)
    assert key not in _memo._SHELVES
    assert answer() is None


def test_an_object_can_own_an_answer():
    class Plan:
        pass

    plan = Plan()
    assert remembered(plan, "tensor", torch.ones(2).clone) is remembered(plan, "tensor", torch.ones(2).clone)


def test_the_switch_forgets_and_is_put_back():
    owner, counted = torch.ones(3), Counted()
    first = counted.ask(owner)
    with remember(False):
        assert counted.ask(owner) is not counted.ask(owner)
        with remember(True):
            assert counted.ask(owner) is counted.ask(owner)
        assert not remember.enabled
    assert remember.enabled
    assert counted.ask(owner) is not first
    remember(False)
    assert counted.ask(owner) is not counted.ask(owner)
    remember(True)
    assert counted.ask(owner) is counted.ask(owner)


@pytest.mark.parametrize(("setting", "enabled"), [("0", False), ("off", False), ("1", True), (None, True)])
def test_the_environment_turns_it_off(monkeypatch: pytest.MonkeyPatch, setting: str | None, enabled: bool):
    monkeypatch.delenv("GNN_TOOLKIT_REMEMBER", raising=False)
    if setting is not None:
        monkeypatch.setenv("GNN_TOOLKIT_REMEMBER", setting)
    assert runpy.run_path(str(_memo.__file__))["remember"].enabled is enabled


def test_nothing_is_remembered_of_what_is_not_content_alone():
    owner, counted = torch.ones(3), Counted()
    with torch.inference_mode():
        of_inference = torch.ones(3)
    learned = torch.ones(3, requires_grad=True)
    for given in (of_inference, learned, torch.ones(3, device="meta")):
        assert counted.ask(given) is not counted.ask(given)
    for given in (of_inference, learned):
        assert counted.ask(owner, given) is not counted.ask(owner, given)
    with FakeTensorMode():
        fake = torch.ones(3)
        assert counted.ask(fake) is not counted.ask(fake)
        assert remembered(None, "fake", lambda: torch.ones(1)) is not remembered(None, "fake", lambda: torch.ones(1))
    with torch.device("meta"):
        assert remembered(None, "meta", lambda: torch.ones(1)).is_meta
    assert not remembered(None, "meta", lambda: torch.ones(1)).is_meta
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(torch.ones(3), torch.full((3,), 2.0))
        assert forward_ad.unpack_dual(counted.ask(owner, dual)).tangent == 6
        assert counted.ask(owner, dual) is not counted.ask(owner, dual)
        assert counted.ask(owner) is counted.ask(owner)


def test_gradients_reach_an_input_that_learns():
    learned = torch.ones(3, requires_grad=True)
    for _ in range(2):
        total = Counted().ask(torch.ones(2), learned)
        assert torch.autograd.grad(total, learned)[0].tolist() == [1, 1, 1]


def test_under_a_transform_constants_are_remembered_and_its_variables_not():
    owner, counted, seen = torch.ones(3), Counted(), []

    def apply(x: Tensor) -> Tensor:
        seen.append(counted.ask(owner))
        return x.sum() * seen[-1] + counted.ask(owner, x)

    assert torch.func.grad(apply)(torch.ones(3)).tolist() == [4, 4, 4]
    assert torch.func.jvp(apply, (torch.ones(3),), (torch.ones(3),))[1] == 12
    assert torch.func.vmap(apply)(torch.eye(3)).tolist() == [7, 7, 7]
    assert seen[0] is seen[1] is seen[2]
    assert (counted.ask(owner).requires_grad, counted.ask(owner) is seen[0]) == (False, True)


def test_aside_makes_plain_tensors():
    made: list[Tensor] = []

    def make(x: Tensor) -> Tensor:
        with aside():
            made.append(torch.zeros(2))
        return x.sum()

    torch.func.grad(make)(torch.ones(2))
    with torch.inference_mode():
        make(torch.ones(2))
    assert [t.is_inference() for t in made] == [False, False]
    assert not any(FUNCTORCH.is_functorch_wrapped_tensor(t) for t in made)


def test_a_compiler_sees_through_it():
    owner = torch.ones(3)
    compiled = torch.compile(lambda x: x * remembered(owner, "sum", owner.sum), fullgraph=True, backend="eager")
    assert compiled(torch.ones(2)).tolist() == [3, 3]
    owner.data[0] = 3
    assert compiled(torch.ones(2)).tolist() == [5, 5]
