"""A pytest plugin for `make mutants`: Hypothesis stops at the first failing example and looks for no smaller one."""

from hypothesis import Phase, settings

settings.register_profile("unshrunk", phases=[Phase.explicit, Phase.generate], database=None, deadline=None)
settings.load_profile("unshrunk")
