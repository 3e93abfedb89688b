"""A property that is computed once."""

from collections.abc import Callable


class Once:
    """A property that is computed when it is first asked for, and kept.

    What ``functools.cached_property`` does, without the lock that it takes in Python 3.11 and that ``torch.compile``
    cannot follow.

    Args:
        function: of the instance, to the value.

    >>> class Square:
    ...     side = 3
    ...
    ...     @Once
    ...     def area(self):
    ...         return self.side**2
    >>> square = Square()
    >>> (square.area, vars(square))
    (9, {'area': 9})
    """

    def __init__(self, function: Callable):
        self.function, self.name, self.__doc__ = function, function.__name__, function.__doc__

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        value = instance.__dict__[self.name] = self.function(instance)  # which is found first from now on
        return value
