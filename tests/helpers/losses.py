"""Losses of two forecasts whose comparison has a known answer."""

from scipy import signal

from pipeline.scoring import skill


def pair(random, windows=200, worse=1.0, errors=0.5):
    """Losses of a network and of a baseline on the same truth: most of each loss is common to both."""
    truth = random.normal(size=windows)
    return (truth + errors * random.normal(size=windows)) ** 2, worse * (
        truth + errors * random.normal(size=windows)
    ) ** 2


def correlated(random, windows, rho=0.9):
    return signal.lfilter([1.0], [1.0, -rho], random.normal(size=windows + 100))[100:]


def against(network, base, **options):
    return skill.compare({0: network}, ("train_mean", base), ("ridge", base), **options)
