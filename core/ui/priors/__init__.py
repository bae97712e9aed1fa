"""The blocks of the page Priors."""
