"""How often a difference is reported where only the seeds differ, and how often a gain is found.

    python -m benchmarks.seeds [--pairs 500] [--lstm 40]

Forty seeds of each of four small experiments are trained: three networks of scikit-learn on a season, an
autoregression and a short series, and an LSTM of 12 units in Keras. Groups of two or five seeds are drawn without a
common one and compared as a pair of experiments is (`pipeline.scoring.pairing`). They differ by their seeds alone, so
that each conclusion is wrong. For the gain, the losses of the second group are multiplied by 0.8.
"""

from __future__ import annotations

import argparse
import sys
import warnings

import numpy as np

from pipeline.scoring import pairing

SEEDS, FACTOR = 40, 0.8


def season(random: np.random.Generator) -> np.ndarray:
    """Return a season with noise."""
    return 10 * np.sin(2 * np.pi * np.arange(1400) / 24) + 2 * random.normal(size=1400)


def autoregression(random: np.random.Generator, rows: int = 1400, phi: float = 0.9) -> np.ndarray:
    """Return an autoregression of first order."""
    from scipy.signal import lfilter

    return np.asarray(lfilter([1.0], [1.0, -phi], random.normal(size=rows)))


def short(random: np.random.Generator) -> np.ndarray:
    """Return a short series of a wave and an autoregression."""
    return np.sin(np.arange(420) / 7) + 0.3 * autoregression(random, 420, 0.6)


def windows(series: np.ndarray, length: int, fitted: int) -> tuple[np.ndarray, np.ndarray]:
    """Return windows and targets, standardised by the rows that are trained on."""
    scaled = (series - series[:fitted].mean()) / series[:fitted].std()
    return np.lib.stride_tricks.sliding_window_view(scaled, length)[:-1], scaled[length:]


def perceptrons(series: np.ndarray, length: int, fitted: int, epochs: int) -> np.ndarray:
    """Return the losses of small dense networks on the rows after the first `fitted` ones, `[seeds, windows]`."""
    from sklearn.neural_network import MLPRegressor

    inputs, targets = windows(series, length, fitted)
    losses = []
    for seed in range(SEEDS):
        network = MLPRegressor(
            hidden_layer_sizes=(16,), max_iter=epochs, learning_rate_init=0.003, random_state=seed
        ).fit(inputs[:fitted], targets[:fitted])
        losses.append((network.predict(inputs[fitted:]) - targets[fitted:]) ** 2)
    return np.array(losses)


def recurrent(seeds: int) -> np.ndarray:
    """Return the losses of LSTMs of 12 units on 600 rows of a season with noise, `[seeds, windows]`."""
    import keras

    inputs, targets = windows(season(np.random.default_rng(4))[:600], 24, 400)
    losses = []
    for seed in range(seeds):
        keras.utils.clear_session()
        keras.utils.set_random_seed(seed)
        network = keras.Sequential([keras.Input((24, 1)), keras.layers.LSTM(12), keras.layers.Dense(1)])
        network.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse")
        network.fit(inputs[:400, :, None], targets[:400], batch_size=32, epochs=8, verbose=0)
        answers = network.predict(inputs[400:, :, None], batch_size=200, verbose=0)[:, 0]
        losses.append((answers - targets[400:]) ** 2)
    return np.array(losses)


def rates(losses: np.ndarray, size: int, pairs: int) -> tuple[float, float]:
    """Return the shares of pairs of groups of `size` seeds with a reported difference, and with the gain found."""
    random, apart, found = np.random.default_rng(size), 0, 0

    def table(seeds: np.ndarray, factor: float = 1.0) -> dict[str, np.ndarray]:
        return {"row": np.arange(losses.shape[1])} | {f"loss_{seed}": factor * losses[seed] for seed in seeds}

    for _ in range(pairs):
        drawn = random.permutation(len(losses))[: 2 * size]
        one, other = drawn[:size], drawn[size:]
        apart += pairing.paired(table(one), table(other))["comparison"] != "not_distinguishable"
        found += pairing.paired(table(one), table(other, FACTOR))["comparison"] == "better"
    return apart / pairs, found / pairs


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=500, help="pairs of groups, of each experiment")
    parser.add_argument("--lstm", type=int, default=SEEDS, help="seeds of the LSTM; 0 leaves it out")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", message=".*Maximum iterations")
    random = np.random.default_rng
    experiments = {
        "season": perceptrons(season(random(1)), 24, 1000, epochs=12),
        "autoregression": perceptrons(autoregression(random(2)), 12, 1000, epochs=20),
        "short": perceptrons(short(random(3)), 12, 300, epochs=40),
    }
    if options.lstm:
        experiments["lstm"] = recurrent(options.lstm)
    print(f"{'experiment':<16}{'windows':>8}{'spread of seeds':>17}{'seeds':>7}{'difference':>12}{'gain found':>12}")
    for name, losses in experiments.items():
        means = losses.mean(axis=1)
        spread = means.std(ddof=1) / means.mean()
        for size in (2, 5):
            if len(losses) >= 2 * size:
                apart, found = rates(losses, size, options.pairs)
                text = f"{name:<16}{losses.shape[1]:>8}{spread:>17.1%}{size:>7}{apart:>12.1%}{found:>12.1%}"
                print(text, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
