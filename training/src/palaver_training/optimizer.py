"""The optimizer: Muon for the hidden matrices, AdamW for the embedding and the norms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic Newton-Schulz step (Jordan et al., Muon, 2024)."""


def orthogonalise(matrices: Tensor, num_steps: int = 5) -> Tensor:
    """Each of ``matrices`` (n, rows, columns) with all its singular values moved near 1."""
    a, b, c = COEFFICIENTS
    x = matrices.to(torch.bfloat16)
    tall = x.shape[1] > x.shape[2]
    x = x.mT if tall else x
    x = x / (x.float().norm(dim=(1, 2), keepdim=True) + 1e-7).to(x.dtype)
    for _ in range(num_steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return cast(Tensor, (x.mT if tall else x).to(matrices.dtype))


class Muon(torch.optim.Optimizer):
    """Momentum whose step is orthogonalised; matrices of one shape are done at once."""

    def __init__(self, parameters: list[Any], lr: float, decay: float) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": 0.95, "weight_decay": decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Moves each matrix against its gradient."""
        for group in self.param_groups:
            for same_shape in _by_shape(group["params"]).values():
                self._step(same_shape, group["lr"], group["momentum"], group["weight_decay"])

    def _step(self, parameters: list[Tensor], lr: float, momentum: float, decay: float) -> None:
        updates = []
        for parameter in parameters:
            gradient = cast(Tensor, parameter.grad)
            state = self.state[parameter]
            if not state:
                state["momentum"] = torch.zeros_like(gradient)
            state["momentum"].lerp_(gradient, 1 - momentum)
            updates.append(gradient.lerp(state["momentum"], momentum))
        steps = orthogonalise(torch.stack(updates))
        scale = max(1.0, parameters[0].shape[0] / parameters[0].shape[1]) ** 0.5
        for parameter, step in zip(parameters, steps, strict=True):
            parameter.mul_(1 - lr * decay).add_(step, alpha=-lr * scale)


class Optimizer:
    """Both optimizers as one, with rates that follow a common factor.

    Args:
        model: What is trained.
        muon_lr: Full rate of the hidden matrices.
        adam_lr: Full rate of everything else.
        shares: By the beginning of parameters' names, the share of the full rates for these.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        muon_lr: float,
        adam_lr: float,
        shares: Mapping[str, float] | None = None,
    ) -> None:
        hidden: dict[float, list[nn.Parameter]] = defaultdict(list)
        others: dict[float, list[nn.Parameter]] = defaultdict(list)
        for name, parameter in model.named_parameters():
            is_hidden = parameter.ndim == 2 and "embed" not in name
            share = next((s for p, s in (shares or {}).items() if name.startswith(p)), 1.0)
            (hidden if is_hidden else others)[share].append(parameter)
        self._parameters = list(model.parameters())
        self._rates = (muon_lr, adam_lr)
        self._parts = (
            Muon(_groups(hidden), muon_lr, decay=0.02),
            torch.optim.AdamW(
                _groups(others), adam_lr, betas=(0.9, 0.98), weight_decay=0.0, fused=True
            ),
        )

    def step(self, factor: float) -> float:
        """Updates at ``factor`` of the full rates; returns the norm of the gradient."""
        norm = nn.utils.clip_grad_norm_(self._parameters, 1.0)
        for part, rate in zip(self._parts, self._rates, strict=True):
            for group in part.param_groups:
                group["lr"] = rate * factor * group.get("share", 1.0)
            part.step()
            part.zero_grad()
        return float(norm)

    def state_dict(self) -> list[dict[str, Any]]:
        """What ``load_state_dict`` continues from."""
        return [part.state_dict() for part in self._parts]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        """Continues from a former ``state_dict``."""
        for part, state in zip(self._parts, states, strict=True):
            part.load_state_dict(state)


def _groups(by_share: Mapping[float, list[nn.Parameter]]) -> list[dict[str, Any]]:
    return [{"params": found, "share": share} for share, found in by_share.items()]


def _by_shape(parameters: list[Tensor]) -> dict[torch.Size, list[Tensor]]:
    shapes: dict[torch.Size, list[Tensor]] = defaultdict(list)
    for parameter in parameters:
        shapes[parameter.shape].append(parameter)
    return shapes
