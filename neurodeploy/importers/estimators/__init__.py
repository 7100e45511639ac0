"""Estimators of scikit-learn, by their attributes."""
