"""An ordinary loop of PyTorch on one thread: `python torch_loop.py WINDOWS.npz JSON`, for benchmarks.backends.

It runs in an environment of its own, with nothing but PyTorch and NumPy. Prints the seconds of each epoch but the
first.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import numpy as np
import torch

DEVICE = os.environ.get("TORCH_DEVICE", "cpu")
LOSSES = {1: torch.nn.MSELoss, 3: torch.nn.CrossEntropyLoss}


class Network(torch.nn.Module):
    """Recurrent layers of some widths, and a linear head on the last step."""

    def __init__(self, kind: str, features: int, widths: list[int], outputs: int) -> None:
        super().__init__()
        layer = getattr(torch.nn, kind)
        given = [features, *widths]
        self.layers = torch.nn.ModuleList(layer(a, b, batch_first=True) for a, b in zip(given, widths, strict=False))
        self.head = torch.nn.Linear(widths[-1], outputs)

    def forward(self, x: Any) -> Any:
        """Return the outputs: [batch, outputs]."""
        for layer in self.layers:
            x, _ = layer(x)
        return self.head(x[:, -1])


def main(path: str, about: str) -> None:
    """Train, and print the seconds."""
    (kind, widths, outputs), batch, epochs, shuffle = json.loads(about)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    with np.load(path) as saved:
        inputs, targets = (torch.from_numpy(saved[key]).to(DEVICE) for key in ("inputs", "targets"))
    network = Network(kind, inputs.shape[2], widths, outputs).to(DEVICE)
    optimizer = torch.optim.Adam(network.parameters())
    loss = LOSSES[outputs]()
    seconds = []
    for _ in range(epochs):
        start = time.monotonic()
        order = (torch.randperm(len(inputs)) if shuffle else torch.arange(len(inputs))).to(DEVICE)
        for some in order.split(batch):
            optimizer.zero_grad()
            loss(network(inputs[some]), targets[some]).backward()
            optimizer.step()
        float(network.head.bias[0])  # a GPU has done the epoch's work only now
        seconds.append(time.monotonic() - start)
    print(json.dumps(seconds[1:]))


if __name__ == "__main__":
    main(*sys.argv[1:])
