"""Real models on suites of prompts: the table of the One-Prompt-One-Story paper, with our rows.

prompts.py ─▶ pictures.py        a suite's prompts, and every method's pictures of them on disk
pictures.py ─▶ subject.py ─▶ metrics.py (metric_models.py)     the subject's mask, and the metrics
run.py ─▶ table.py                              who does what, and the table that comes of it
"""
