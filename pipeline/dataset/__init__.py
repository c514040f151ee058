"""From rows to parts, windows and scaled inputs, with NumPy alone."""

from pipeline.dataset.part import Part, Spec, folds, has, load

__all__ = ["Part", "Spec", "folds", "has", "load"]
