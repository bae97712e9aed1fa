"""Arrays in, a plotly figure out; every colour of the lab is in `theme`."""
