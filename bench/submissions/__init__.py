"""Results of strangers: what a submission may hold, what is checked, how far it is trusted."""
