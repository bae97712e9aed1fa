"""Functions that take arrays and return a plotly figure; `theme` holds every colour."""
