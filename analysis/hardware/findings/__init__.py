"""What the chapter on hardware finds: what its figures draw and its sentences say."""

LEVEL = 0.9
SEED = 20261121
DRAWS = 4000
