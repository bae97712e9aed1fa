"""What measures: each study's functions that open models and images, which need torch."""
