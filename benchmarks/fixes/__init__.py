"""`make fix` on faulty experiments of the corpus: how many end well on test windows, and whether any ends worse."""
