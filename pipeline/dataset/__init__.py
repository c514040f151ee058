"""Parts, windows and scaled inputs of a series, with NumPy alone."""

from pipeline.dataset.part import Part, Spec, folds, has, load

__all__ = ["Part", "Spec", "folds", "has", "load"]
