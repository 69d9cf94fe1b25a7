"""What the demand chapter finds: models put to the tables."""
