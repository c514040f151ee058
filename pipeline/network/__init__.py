"""Networks on Keras: built, trained, kept and asked for predictions."""
