"""`make forget`: undo what `make try` or `make check` did."""
