"""Arrays out of pickles, by a reader of its own that builds nothing a pickle names."""

import pickletools
from codecs import escape_decode
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

from gnn_toolkit._checks import problem
from gnn_toolkit.datasets.pickled_values import NAMES, Draft, Maker, Name, filled, of, plain, refusal, tuple_of

_OPERATIONS = {operation.code.encode("latin1"): operation for operation in pickletools.opcodes}
_ARGUMENTS = {  # operations that push what they carry
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "STRING", "BINSTRING"),
    *("SHORT_BINSTRING", "UNICODE", "BINUNICODE", "BINUNICODE8", "SHORT_BINUNICODE", "BINBYTES", "BINBYTES8"),
    *("SHORT_BINBYTES", "BYTEARRAY8"),
}
_NEW: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_TUPLE": tuple,
}


def load_pickled_arrays(path: Path) -> Any:
    """Return what a pickle holds if that is an array, a sparse matrix, or lists and dictionaries of plain values.

    A pickle is a program. This reader runs none of it: it knows the operations that write numpy arrays of numbers or
    strings, ``scipy.sparse.csr_matrix``, ``collections.defaultdict`` of lists and plain values, makes these itself, and
    refuses everything else. Lengths, shapes and the indices of sparse matrices are checked.

    Args:
        path: a pickle, also one that Python 2 wrote.

    Returns:
        The content.

    Raises:
        ValueError: the file is no pickle, or asks for anything else.
        OSError: the file cannot be read.
    """
    content = path.read_bytes()
    try:
        return _Reader(content).load()
    except Exception as error:  # a broken pickle raises whatever the place where it breaks raises
        allowed = "a pickle of arrays, sparse matrices, lists and dictionaries"
        raise ValueError(problem(str(path), allowed, error, "take the file from its source")) from error


class _Reader:
    """The stack and the memo of a pickle."""

    def __init__(self, content: bytes) -> None:
        self.file, self.maker = BytesIO(content), Maker(len(content))
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def load(self) -> Any:
        """Return the content."""
        while code := self.file.read(1):
            operation = _OPERATIONS.get(code)
            name = "" if operation is None else operation.name
            if name == "STOP":
                return plain(self.stack.pop())
            read = _string if name == "STRING" else getattr(getattr(operation, "arg", None), "reader", None)
            argument = None if read is None else read(self.file)
            if name in _ARGUMENTS:
                self.stack.append(argument)
            elif name in _NEW:
                self.stack.append(_NEW[name]())
            else:
                if name not in self._STEPS:
                    raise refusal(f"the file has the operation {name or code!r}")
                self._STEPS[name](self, argument)
        raise refusal("the file ends too early")

    def _mark(self, _: Any) -> None:
        self.marks.append(len(self.stack))

    def _since_mark(self) -> list[Any]:
        start = self.marks.pop()
        taken = self.stack[start:]
        del self.stack[start:]
        return taken

    def _tuple(self, _: Any) -> None:
        self.stack.append(tuple_of(self._since_mark()))

    def _last(self, count: int) -> None:
        taken = [self.stack.pop() for _ in range(count)]
        self.stack.append(tuple_of(taken[::-1]))

    def _list(self, _: Any) -> None:
        self.stack.append([plain(value) for value in self._since_mark()])

    def _dict(self, _: Any) -> None:
        self.stack.append(filled({}, self._since_mark()))

    def _append(self, _: Any) -> None:
        value = plain(self.stack.pop())
        of(list, self.stack[-1]).append(value)

    def _appends(self, _: Any) -> None:
        values = [plain(value) for value in self._since_mark()]
        of(list, self.stack[-1]).extend(values)

    def _setitem(self, _: Any) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        filled(of(dict, self.stack[-1]), [key, value])

    def _setitems(self, _: Any) -> None:
        pairs = self._since_mark()
        filled(of(dict, self.stack[-1]), pairs)

    def _put(self, place: Any) -> None:
        if isinstance(self.stack[-1], Draft):
            self.stack[-1].places.append(place)
        self.memo[place] = self.stack[-1]

    def _memoize(self, _: Any) -> None:
        self._put(len(self.memo))

    def _get(self, place: Any) -> None:
        self.stack.append(self.memo[place])

    def _global(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        if (module, name) not in NAMES:
            raise refusal(f"the file asks for {module}.{name}")
        self.stack.append(Name(NAMES[module, name]))

    def _stack_global(self, _: Any) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self._global(f"{module} {name}")

    def _reduce(self, _: Any) -> None:
        arguments, name = of(tuple, self.stack.pop()), of(Name, self.stack.pop())
        self.stack.append(self.maker.made(name, arguments))

    def _build(self, _: Any) -> None:
        state, draft = self.stack.pop(), of(Draft, self.stack[-1])
        self.stack[-1] = made = self.maker.described(draft, state)
        for place in draft.places:
            self.memo[place] = made

    _STEPS: ClassVar[dict[str, Callable[["_Reader", Any], None]]] = {
        **dict.fromkeys(("PROTO", "FRAME"), lambda _, argument: None),
        "MARK": _mark,
        "TUPLE": _tuple,
        "TUPLE1": lambda self, _: self._last(1),
        "TUPLE2": lambda self, _: self._last(2),
        "TUPLE3": lambda self, _: self._last(3),
        "LIST": _list,
        "DICT": _dict,
        "APPEND": _append,
        "APPENDS": _appends,
        "SETITEM": _setitem,
        "SETITEMS": _setitems,
        **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _put),
        "MEMOIZE": _memoize,
        **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _get),
        "GLOBAL": _global,
        "STACK_GLOBAL": _stack_global,
        **dict.fromkeys(("REDUCE", "NEWOBJ"), _reduce),
        "BUILD": _build,
    }


def _string(file: BytesIO) -> str:
    """Return a string of the first protocol, in quotes and with escapes, byte by byte as Latin-1."""
    line = file.readline().strip()
    if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
        raise refusal("a string has no quotes")
    return escape_decode(line[1:-1])[0].decode("latin1")  # type: ignore[attr-defined]
