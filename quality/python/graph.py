"""The rings of a directed graph."""

from collections.abc import Collection, Iterator, Mapping

Graph = Mapping[str, Collection[str]]


def components(graph: Graph) -> Iterator[list[str]]:
    """The nodes that reach each other, together; each group after those it points to.

    Every node that is pointed to is a key. Tarjan's algorithm, on a stack of its own.
    """
    search = _Search(graph)
    for start in graph:
        if start not in search.order:
            yield from search.visit(start)


class _Search:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.order: dict[str, int] = {}
        self._low: dict[str, int] = {}
        self._open: dict[str, None] = {}  # in the order they were entered
        self._calls: list[tuple[str, Iterator[str]]] = []

    def visit(self, start: str) -> Iterator[list[str]]:
        self._enter(start)
        while self._calls:
            node, targets = self._calls[-1]
            to = next(targets, None)
            if to is None:
                yield from self._leave(node)
            elif to not in self.order:
                self._enter(to)
            elif to in self._open:
                self._low[node] = min(self._low[node], self.order[to])

    def _enter(self, node: str) -> None:
        self.order[node] = self._low[node] = len(self.order)
        self._open[node] = None
        self._calls.append((node, iter(self._graph[node])))

    def _leave(self, node: str) -> Iterator[list[str]]:
        self._calls.pop()
        if self._calls:
            caller = self._calls[-1][0]
            self._low[caller] = min(self._low[caller], self._low[node])
        if self._low[node] == self.order[node]:
            ring = [self._open.popitem()[0]]
            while ring[-1] != node:
                ring.append(self._open.popitem()[0])
            yield ring
