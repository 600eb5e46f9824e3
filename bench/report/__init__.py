"""The report: from records to one self-contained page, tables, figures and the leaderboard."""

from bench.report.pages import build_report

__all__ = ["build_report"]
