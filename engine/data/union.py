"""Which of many things belong together, given pairs that do."""

from collections.abc import Iterable


class Union:
    """Sets of the numbers 0 … n-1. The root of a set is its smallest number, whatever the order of joining."""

    def __init__(self, n: int) -> None:
        self._parent = list(range(n))

    def root(self, number: int) -> int:
        parent = self._parent
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    def join(self, pairs: Iterable[tuple[int, int]]) -> None:
        for one, other in pairs:
            a, b = self.root(one), self.root(other)
            if a != b:
                self._parent[max(a, b)] = min(a, b)

    def roots(self) -> list[int]:
        return [self.root(number) for number in range(len(self._parent))]
