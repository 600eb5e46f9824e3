"""From records to pages: statistics, findings, tables, figures, the leaderboard."""
