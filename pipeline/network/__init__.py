"""Keras networks: build, train, save and predict."""
