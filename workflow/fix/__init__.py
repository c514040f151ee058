"""`make fix NAME=…`: apply the settings that the findings of an experiment name, and keep those that help.

`loop` is the command; `workflow.recover` needs `leftovers` alone, so that nothing is imported here.
"""
