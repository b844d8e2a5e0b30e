"""Training on several processes at once: each takes its share of a step, and all take the same step."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed


@dataclass(frozen=True)
class Group:
    """The processes that train one run, as ``torchrun`` starts them."""

    rank: int = 0
    """Number of this one."""
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes the run's files."""
        return self.rank == 0

    def average_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Give every process the mean of all their gradients: that of the whole batch."""
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

    def averaged(self, values: Mapping[str, float], device: torch.device) -> dict[str, float]:
        """Give the mean of all processes' values."""
        if self.size == 1:
            return dict(values)
        whole = torch.tensor([*values.values()], dtype=torch.float64, device=device)
        distributed.all_reduce(whole)
        return dict(zip(values, (whole / self.size).tolist(), strict=True))

    def any(self, told: bool, device: torch.device) -> bool:
        """Whether any process says so: what one does, all must do."""
        return self.averaged({"told": float(told)}, device)["told"] > 0

    def wait(self) -> None:
        """Wait until every process is here."""
        if self.size > 1:
            distributed.barrier()


@contextmanager
def joined(device: torch.device) -> Iterator[Group]:
    """Join the group that ``torchrun`` tells of by its environment; alone without it."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield Group()
        return
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Group(distributed.get_rank(), distributed.get_world_size())
    finally:
        distributed.destroy_process_group()
