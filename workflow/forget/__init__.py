"""`make forget`: undo what `make try` did."""
