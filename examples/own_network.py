"""Write a network and its windows as somebody else's script would: `model.keras` and `windows.npz`.

`make check MODEL=model.keras DATA=windows.npz` then trains the network again, diagnoses it, and scores the weights as
they came. The windows are of a damped oscillation with noise; a GRU predicts the next value. `--mistake` compiles what
beginners compile, an accuracy for a regression, and divides the overlapping windows at random.

    python examples/own_network.py [FOLDER] [--mistake]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

LENGTH, ROWS, EPOCHS = 12, 700, 15


def series() -> np.ndarray:
    """Return the rows: x[t] = 1.6 x[t-1] - 0.8 x[t-2] + noise, float32 [rows]."""
    noise = np.random.default_rng(1).normal(size=ROWS)
    x = np.zeros(ROWS)
    for t in range(2, ROWS):
        x[t] = 1.6 * x[t - 1] - 0.8 * x[t - 2] + noise[t]
    return (x / x.std()).astype(np.float32)


def main() -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(description="Write model.keras and windows.npz.")
    parser.add_argument("folder", nargs="?", default=".", type=Path)
    parser.add_argument("--mistake", action="store_true", help="an accuracy for a regression, and a random division")
    given = parser.parse_args()
    import keras

    keras.utils.set_random_seed(0)
    x = series()
    windows = np.lib.stride_tricks.sliding_window_view(x, LENGTH)[:-1, :, None]
    y = x[LENGTH:]
    part = np.where(np.arange(len(y)) < 0.7 * len(y), "train", "validation")
    part[np.arange(len(y)) >= 0.85 * len(y)] = "test"
    if given.mistake:
        part = np.random.default_rng(2).permutation(part)
    network = keras.Sequential([keras.Input((LENGTH, 1)), keras.layers.GRU(8), keras.layers.Dense(1)])
    metrics = ["accuracy"] if given.mistake else ["mae"]
    network.compile(optimizer=keras.optimizers.Adam(0.005), loss="mse", metrics=metrics)
    train = part == "train"
    network.fit(windows[train], y[train], epochs=EPOCHS, batch_size=32, verbose=0)
    given.folder.mkdir(parents=True, exist_ok=True)
    network.save(given.folder / "model.keras")
    np.savez(given.folder / "windows.npz", X=windows, y=y, part=part, features=np.array(["x"]))
    print(f"Written: {given.folder / 'model.keras'} and {given.folder / 'windows.npz'}.")


if __name__ == "__main__":
    main()
