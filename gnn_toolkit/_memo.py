"""Answers about tensors that come again: kept beside them, and compared with their content at every use."""

import atexit
import os
import threading
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch._functorch.pyfunctorch import temporarily_clear_interpreter_stack
from torch.autograd import forward_ad

from gnn_toolkit._transforms import FUNCTORCH

T = TypeVar("T")
OWNERS = 256  # objects beside which something is kept
EACH = 16  # answers beside one object
OWNERLESS = 64  # answers to questions about numbers alone
FIRST = 1024  # numbers that are compared before the rest
SMALL = 1 << 15  # bytes that are faster to copy and compare than to compare as an array
WORDS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


class remember:  # noqa: N801 (used as torch.no_grad is)
    """The switch of what the layers remember of a graph: normalised adjacencies, orders, what is read of a matrix.

    ``remember(False)`` turns it off for the whole process and forgets everything, ``remember(True)`` turns it on; in a
    ``with`` statement only until its end. The environment variable ``GNN_TOOLKIT_REMEMBER=0`` starts a process with it
    off.

    What is guaranteed: an answer is used again only for the same tensor object, and only if its content, and that of
    every other tensor the answer depends on, equals bit by bit the copy that was taken when the answer was found. So
    writes through ``.data``, NumPy, shared memory or DLPack are seen. While a CUDA graph is captured, where nothing can
    be compared, torch's version counters are. Nothing is kept of tensors that require a gradient or carry a tangent,
    that belong to inference mode, a function transform or a compiler, or have no values. An answer dies with its
    tensor; of the others the least recently used go first: at most 16 for one tensor, and for 256 tensors. Threads may
    share tensors; to write into one while another thread reads it is an error of the program's own.

    Args:
        enabled: whether to remember.

    >>> with remember(False):
    ...     remember.enabled
    False
    """

    enabled = os.environ.get("GNN_TOOLKIT_REMEMBER", "1").lower() not in ("0", "false", "off", "no")

    def __init__(self, enabled: bool) -> None:
        self.before = remember.enabled
        self._turn(enabled)

    def __enter__(self) -> None:
        """Keep what the constructor has set."""

    def __exit__(self, *error: object) -> None:
        self._turn(self.before)

    @staticmethod
    def _turn(enabled: bool) -> None:
        remember.enabled = bool(enabled)
        if not enabled:
            with _LOCK:
                shelves = list(_SHELVES.values())
                _SHELVES.clear()
            del shelves  # outside the lock: what dies with them may own a shelf


class Copy:
    """The content of a tensor at one time; of ``None``, nothing.

    >>> edges = torch.tensor([[0], [1]])
    >>> copy = Copy(edges)
    >>> copy.matches(edges.clone()), copy.matches(edges.flip(0)), copy.matches(edges.int()), copy.matches(None)
    (True, False, False, False)
    """

    __slots__ = ("form", "version", "words")

    def __init__(self, tensor: Tensor | None) -> None:
        self.form = _form(tensor)
        self.version = 0 if tensor is None or tensor.is_inference() else tensor._version
        self.words = [] if tensor is None else [_comparable(word.clone()) for word in _words(tensor)]

    def matches(self, tensor: Tensor | None) -> bool:
        """Return whether a tensor has this form, type, device and content, bit by bit."""
        if _form(tensor) != self.form:
            return False
        if tensor is None:
            return True
        if tensor.is_cuda and torch.cuda.is_current_stream_capturing():
            return tensor._version == self.version
        return all(map(_same, map(_comparable, _words(tensor)), self.words))


def _form(tensor: Tensor | None) -> Hashable:
    return None if tensor is None else (tensor.shape, tensor.dtype, tensor.device, tensor.layout)


def _words(tensor: Tensor) -> list[Tensor]:
    """Return the content as contiguous tensors of integers."""
    if tensor.layout == torch.strided:
        return [tensor.contiguous().view(WORDS[tensor.element_size()])]
    if tensor.layout == torch.sparse_coo:
        parts = [tensor._indices(), tensor._values()]
    elif tensor.layout in (torch.sparse_csr, torch.sparse_bsr):
        parts = [tensor.crow_indices(), tensor.col_indices(), tensor.values()]
    else:
        parts = [tensor.ccol_indices(), tensor.row_indices(), tensor.values()]
    return [word for part in parts for word in _words(part)]


def _comparable(word: Tensor) -> Any:
    """Return a tensor on the CPU as a flat array: NumPy compares at the speed of memory, torch several times slower."""
    return word.numpy().ravel() if word.is_cpu else word


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor):
        return torch.equal(a, b)
    if a.nbytes <= SMALL:
        return a.tobytes() == b.tobytes()
    return a.size == b.size and bool((a[:FIRST] == b[:FIRST]).all()) and bool((a == b).all())


@dataclass
class _Answer:
    question: Hashable
    inputs: list[Copy]
    value: Any
    tensors: list[Tensor]
    versions: list[int]


@dataclass
class _Shelf:
    """The answers beside one owner, the most recently used last."""

    owner: weakref.ref[Any]
    copy: Copy
    answers: list[_Answer] = field(default_factory=list)

    def find(self, question: Hashable, inputs: tuple[Tensor | None, ...]) -> _Answer | None:
        """Return the answer to a question about these inputs, unless somebody wrote into it."""
        for answer in reversed(self.answers):  # a list that is replaced, never changed
            if answer.question == question and all(map(Copy.matches, answer.inputs, inputs)):
                return answer if [t._version for t in answer.tensors] == answer.versions else None
        return None


_NOBODY = remember  # owns the answers about numbers alone
_SHELVES: OrderedDict[int, _Shelf] = OrderedDict()
_DEAD: deque[int] = deque()
_LOCK = threading.Lock()
atexit.register(_SHELVES.clear)  # so that no owner is buried while the interpreter is taken apart
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_LOCK.acquire, after_in_parent=_LOCK.release, after_in_child=_LOCK.release)


def remembered(owner: object | None, question: Hashable, make: Callable[[], T], *inputs: Tensor | None) -> T:
    """Return what ``make`` returns, from memory where it was asked for before; :class:`remember` says what holds.

    What is returned is shared and must not be written into. It must not refer to ``owner``, which it would keep alive.

    Args:
        owner: what the answer is kept beside, weakly: a tensor, whose content is compared, or an object that never
            changes; ``None`` for an answer about numbers alone, which is kept until 64 others were asked for.
        question: what the answer depends on beside tensors, first of all a name for what is asked.
        make: finds the answer.
        inputs: the other tensors that the answer depends on.

    >>> edges = torch.tensor([[0, 1], [1, 2]])
    >>> first = remembered(edges, "flipped", lambda: edges.flip(0))
    >>> remembered(edges, "flipped", lambda: edges.flip(0)) is first
    True
    >>> edges.data[0, 0] = 2
    >>> remembered(edges, "flipped", lambda: edges.flip(0))
    tensor([[1, 2],
            [2, 1]])
    """
    if torch.compiler.is_compiling():
        return make()
    content = (owner, *inputs) if isinstance(owner, Tensor) else inputs
    if not remember.enabled or _in_a_mode() or not all(map(_is_content, content)):
        return make()
    with nullcontext() if FUNCTORCH.peek_interpreter_stack() is None else aside():
        shelf = _shelf(_NOBODY if owner is None else owner)
        found = shelf.find(question, inputs)
        if found is None:
            copies = [Copy(t) for t in inputs]
            with aside():
                value = make()
            tensors = _tensors(value)
            found = _Answer(question, copies, value, tensors, [t._version for t in tensors])
        _put(shelf, found, OWNERLESS if owner is None else EACH)
    return found.value


@contextmanager
def aside() -> Iterator[None]:
    """Compute as if outside inference mode and function transforms: what may be kept for all to use.

    Tensors made under ``torch.func.grad`` or in inference mode are bound to it, even where nothing they were made from
    is.

    >>> with torch.inference_mode(), aside():
    ...     torch.ones(1).is_inference()
    False
    """
    with torch.inference_mode(False), temporarily_clear_interpreter_stack():
        yield


def _in_a_mode() -> bool:
    """Return whether the tensors that are made here may be none: those of a tracer, or without values."""
    if torch._C._len_torch_dispatch_stack():
        return True
    return bool(torch._C._len_torch_function_stack()) and torch.get_default_device().type == "meta"


def has_plain_values(tensor: Tensor) -> bool:
    """Return whether a tensor's content is all there is to it."""
    if type(tensor) not in (Tensor, torch.nn.Parameter) or tensor.is_meta or tensor.element_size() not in WORDS:
        return False
    if tensor.requires_grad:
        return False
    if FUNCTORCH.is_legacy_batchedtensor(tensor) or FUNCTORCH.is_functorch_wrapped_tensor(tensor):
        return False
    if forward_ad._current_level < 0 or tensor.layout != torch.strided:  # a sparse tensor cannot have a tangent
        return True
    return forward_ad.unpack_dual(tensor).tangent is None


def _is_content(tensor: Tensor | None) -> bool:
    return tensor is None or (has_plain_values(tensor) and not tensor.is_inference())


def _tensors(value: object) -> list[Tensor]:
    """Return the tensors of an answer; their version counters tell if somebody wrote into it."""
    if isinstance(value, Tensor):
        return [value]
    if is_dataclass(value) and not isinstance(value, type):
        value = [getattr(value, f.name) for f in fields(value)]
    return [tensor for part in value for tensor in _tensors(part)] if isinstance(value, list | tuple) else []


def _shelf(owner: object) -> _Shelf:
    """Return the shelf of an owner as it is now: an empty one where its content has changed."""
    key = id(owner)
    with _LOCK:
        shelf = _SHELVES.get(key)
    content = owner if isinstance(owner, Tensor) else None
    if shelf is not None and shelf.owner() is owner and shelf.copy.matches(content):
        return shelf
    fresh = _Shelf(weakref.ref(owner, lambda _: _bury(key)), Copy(content))
    with _LOCK:
        _SHELVES[key] = fresh
    return fresh


def _put(shelf: _Shelf, answer: _Answer, limit: int) -> None:
    """Put an answer last on its shelf, and the shelf last of all; drop the first beyond the limits."""
    key, dropped = id(shelf.owner()), []
    with _LOCK:
        if _SHELVES.get(key) is not shelf:
            dropped.append(_SHELVES.get(key))
            _SHELVES[key] = shelf
        _SHELVES.move_to_end(key)
        if not shelf.answers or shelf.answers[-1] is not answer:
            dropped.append(shelf.answers)
            shelf.answers = [*(a for a in shelf.answers if a is not answer), answer][-limit:]
        if len(_SHELVES) > OWNERS:
            dropped.append(_SHELVES.popitem(last=False))
    dropped.clear()  # outside the lock: what dies here may own a shelf
    if _DEAD:
        _sweep()


def _bury(key: int) -> None:
    """Note that an owner has died. This may run anywhere, also while this thread holds the lock."""
    _DEAD.append(key)
    _sweep()


def _sweep() -> None:
    """Drop the shelves of dead owners; whoever holds the lock does it later."""
    while _DEAD and _LOCK.acquire(blocking=False):
        try:
            key = _DEAD.popleft() if _DEAD else None
            dead = key in _SHELVES and _SHELVES[key].owner() is None
            shelf = _SHELVES.pop(key) if dead and key is not None else None
        finally:
            _LOCK.release()
        del shelf  # outside the lock: what dies with it may own a shelf
