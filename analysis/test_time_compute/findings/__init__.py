"""What the chapter on test-time compute finds: what its figures draw and its sentences say."""

LEVEL = 0.9
SEED = 20261121
DRAWS = 20_000
