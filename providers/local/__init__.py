"""The embedded model: a worker process per loaded model, two runtimes, and a model store."""
