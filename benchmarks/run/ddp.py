"""A trial that several processes train together, each on its part of every batch."""

import logging
import os
import socket
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any

import torch

from ..measure.machine import limit_threads
from . import trials
from .orphans import end_with_parent
from .records import Record, Trial
from .workdir import Output


def run(trial: Trial, output: Output, progress: Callable[[int], None]) -> Record:
    """Run a trial in as many processes as its configuration says and return the first one's record.

    Raises:
        RuntimeError: one of them ended before its time; a ``ChildProcessError`` where it was killed.
        Exception: what went wrong in the first.
    """
    devices, context = trial.config["devices"], get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    threads = max(1, torch.get_num_threads() // devices)
    addresses = _addresses(devices)
    processes: list[Any] = [
        context.Process(target=_replica, args=(address, trial, output, threads, theirs)) for address in addresses
    ]
    try:
        for process in processes:
            process.start()
        theirs.close()
        return _listen(ours, processes, progress)
    finally:
        for process in processes:
            process.kill()
            process.join()
        ours.close()


def _addresses(devices: int) -> list[dict[str, str]]:
    """Return for each process the variables by which it finds the others: those that ``torchrun`` sets."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(devices), "NODE_RANK": "0"}
    return [{**shared, "RANK": str(place), "LOCAL_RANK": str(place)} for place in range(devices)]


def _listen(pipe: Connection, processes: list[Any], progress: Callable[[int], None]) -> Record:
    ends = {process.sentinel: process for process in processes}
    while True:
        ready = wait([pipe, *ends])
        if pipe in ready:
            message = pipe.recv()
            if isinstance(message, Record):
                return message
            if isinstance(message, Exception):
                raise message
            progress(message)
            continue
        lost = [ends[end] for end in ready if ends[end].exitcode != 0]  # type: ignore[index]
        if lost:
            killed = any(process.exitcode < 0 for process in lost)
            kind = ChildProcessError if killed else RuntimeError
            raise kind(f"a process of the {len(processes)} that train together ended: {lost[0].exitcode}")


def _replica(address: dict[str, str], trial: Trial, output: Output, threads: int, pipe: Connection) -> None:
    end_with_parent()
    os.environ |= address
    limit_threads(threads)
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    first = address["RANK"] == "0"
    try:
        record = trials.run(trial, output, pipe.send if first else lambda steps: None)
    except Exception as error:
        if first:
            pipe.send(error)
        raise
    if first:
        pipe.send(record)
