"""Training on several processes at once: each takes its share of a step, and all take the same step."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed


@dataclass(frozen=True)
class ProcessGroup:
    """The processes that train one run, as ``torchrun`` starts them."""

    rank: int = 0
    """Index of this process."""
    size: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this process writes the run's files."""
        return self.rank == 0

    def average_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Set every process's gradients to their mean over all processes: that of the whole batch."""
        if self.size == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        # One message for all of them: hundreds of small ones would wait for each other.
        whole = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(whole)
        whole /= self.size
        means = torch.split(whole, [each.numel() for each in gradients])
        for gradient, mean in zip(gradients, means, strict=True):
            gradient.copy_(mean.view_as(gradient))

    def average(self, values: Mapping[str, float], device: torch.device) -> dict[str, float]:
        """Return the mean of each value over all processes."""
        if self.size == 1:
            return dict(values)
        whole = torch.tensor([*values.values()], dtype=torch.float64, device=device)
        distributed.all_reduce(whole)
        return dict(zip(values, (whole / self.size).tolist(), strict=True))

    def any(self, flag: bool, device: torch.device) -> bool:
        """Whether the flag is set in any process: all of them must act alike."""
        return self.average({"flag": float(flag)}, device)["flag"] > 0

    def wait(self) -> None:
        """Wait until every process has reached this point."""
        if self.size > 1:
            distributed.barrier()


@contextmanager
def join_processes(device: torch.device) -> Iterator[ProcessGroup]:
    """Join the group that ``torchrun`` describes in the environment; without it, a group of one."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield ProcessGroup()
        return
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield ProcessGroup(distributed.get_rank(), distributed.get_world_size())
    finally:
        distributed.destroy_process_group()
