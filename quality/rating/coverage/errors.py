"""What is raised and caught inside this folder."""


class BadReport(Exception):
    """A coverage report cannot be read; the message says why."""
