"""Others' serving models, put to the same measured rows as ours; see `serving_accuracy.py`."""
