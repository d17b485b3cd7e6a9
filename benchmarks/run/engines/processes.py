"""Several trials at a time on this machine, each in a process with its own threads; GPUs are shared out."""

import os
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

import torch

from ...measure.machine import limit_threads
from .. import retry
from ..locks import claim, owner
from ..orphans import end_with_parent
from ..records import Record, Trial
from ..retry import Stamps
from ..workdir import Output
from .engine import Watcher, Work

LIVES = 3  # so many workers a trial may lose in one call of the runner
PAUSE = 0.1  # seconds between two messages about steps, and before another process's trial is asked for again


@dataclass
class _Worker:
    process: SpawnProcess
    pipe: Connection
    trial: Trial | None = None


def run(work: Work, watcher: Watcher) -> None:
    """Run every trial, a lost worker's again from its last checkpoint.

    Raises:
        OSError: the folder cannot be written.
    """
    pool = _Pool(work, watcher)
    try:
        pool.run()
    finally:
        pool.stop()


class _Pool:
    """The workers and what they do. A worker that dies takes nothing along but the steps since its last checkpoint."""

    def __init__(self, work: Work, watcher: Watcher) -> None:
        self.work, self.watcher = work, watcher
        self.waiting = deque(work.trials)
        self.losses: Counter[str] = Counter()
        self.told: set[str] = set()
        self.workers = [self._start(place) for place in range(min(work.workers, len(work.trials)))]

    def run(self) -> None:
        """Hand out trials until every one has its record."""
        while self.waiting or any(worker.trial for worker in self.workers):
            for worker in self.workers:
                if worker.trial is None and self.waiting:
                    worker.trial = self.waiting.popleft()
                    self.watcher.started(worker.trial)
                    self._send(worker, worker.trial)
            busy = {worker.pipe: place for place, worker in enumerate(self.workers) if worker.trial}
            for pipe in wait(list(busy)):
                self._hear(busy[pipe])  # type: ignore[index]

    def stop(self) -> None:
        """End the workers."""
        for worker in self.workers:
            worker.process.terminate()
        for worker in self.workers:
            worker.process.join()
            worker.pipe.close()

    def _start(self, place: int) -> _Worker:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        arguments = (theirs, self.work.output, self.work.earlier, self.work.threads, place)
        process = context.Process(target=_serve, args=arguments)
        process.start()
        theirs.close()  # so that the worker's end is the last one, and its death is heard
        return _Worker(process, ours)

    def _send(self, worker: _Worker, trial: Trial) -> None:
        with suppress(BrokenPipeError):  # it died while idle: the next message heard from it is its end
            worker.pipe.send(trial)

    def _hear(self, place: int) -> None:
        worker = self.workers[place]
        trial = worker.trial
        if trial is None:
            return
        try:
            message = worker.pipe.recv()
        except (EOFError, ConnectionResetError):
            self._lost(place, trial)
            return
        if isinstance(message, OSError):
            raise message
        if isinstance(message, int):
            self.watcher.stepped(trial, message)
            return
        worker.trial = None
        if message is None:  # another runner on this folder has it: the worker has paused already
            self.waiting.append(trial)
            if trial.id not in self.told:
                self.told.add(trial.id)
                self.watcher.held(trial, owner(self.work.output.folder, trial.id))
        else:
            self.watcher.finished(message)

    def _lost(self, place: int, trial: Trial) -> None:
        worker = self.workers[place]
        worker.process.join()
        worker.pipe.close()
        self.losses[trial.id] += 1
        if self.losses[trial.id] < LIVES:
            self.waiting.appendleft(trial)
        else:
            code = worker.process.exitcode
            error = f"its process ended {LIVES} times, last with exit code {code} (-9: killed, e.g. for its memory)"
            with claim(self.work.output.folder, trial.id, wait=True):
                self.watcher.finished(retry.keep(Record(trial, status="interrupted", error=error), self.work.output))
        self.workers[place] = self._start(place)


def _serve(pipe: Connection, output: Output, earlier: Stamps, threads: int, place: int) -> None:
    """Run the trials that come through the pipe, until it ends or the runner does."""
    end_with_parent()
    limit_threads(threads)
    if torch.cuda.device_count() > 1:
        os.environ["CUDA_VISIBLE_DEVICES"] = str(place % torch.cuda.device_count())
    try:
        while True:
            trial = pipe.recv()
            record = retry.work(trial, output, earlier, _paced(pipe.send))
            if record is None:
                time.sleep(PAUSE)
            pipe.send(record)
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        return
    except OSError as error:
        pipe.send(OSError(error.errno, error.strerror, error.filename))


def _paced(send: Callable[[int], None]) -> Callable[[int], None]:
    """Return a function that passes on the number of steps, but not more often than a person can see."""
    last = 0.0

    def progress(steps: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= PAUSE:
            last = now
            try:
                send(steps)
            except OSError:  # the runner is gone: that is its end, not the trial's
                sys.exit(1)

    return progress
