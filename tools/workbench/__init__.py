"""The safe general tools: arithmetic, files, programs, pages, and the caller's own history."""
