"""Functions of the user's that make columns from the rows of an own file; `series.X.prepare` names one of them."""
