"""Inference: read, score, explain. Imports neither torch nor transformers, datasets or mlflow."""
