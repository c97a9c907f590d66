"""What others wrote: cleaned, marked as data, and followed through a run.

The loop needs `marking.received`, `marking.DATA_RULE`, `taint.TaintState`, `secrets.Secrets` and,
for the final answer, `answer.safe_answer`.
"""
