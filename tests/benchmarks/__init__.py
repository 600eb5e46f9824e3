"""What things cost, each beside what it is compared with, in one run."""
