"""Learning: train, evaluate and export. Imports torch, transformers and mlflow; inference never imports this."""
