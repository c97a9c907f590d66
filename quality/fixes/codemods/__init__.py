"""Our own rewrites of frequent findings: edits of exact spans, all else kept as it is."""
