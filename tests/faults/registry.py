"""How an action is declared. A plan names it with `do` and gives its parameters, whose annotations are their types.

    @once      happens at its time, or again and again with `every`
    @lasting   a generator: what stands before `yield` happens at its time, what stands behind it at `until`

Where an action takes `**more`, the decorator's argument has the names that may stand there.
"""
import contextlib
import inspect

ACTIONS = {}


def _declared(act, plain, is_lasting, names):
    act.lasting, act.names, act.__signature__ = is_lasting, set(names), inspect.signature(plain)
    ACTIONS[plain.__name__] = act
    return act


def once(names):
    """Declares an action without an end; `names`: see above, or the action itself."""
    if callable(names):
        return _declared(names, names, False, ())
    return lambda act: _declared(act, act, False, names)


def lasting(names):
    """Declares an action with an end."""
    def declare(act, names=names):
        @contextlib.contextmanager
        def both(*args, **kwargs):
            yield from act(*args, **kwargs)
        return _declared(both, act, True, names)
    return declare(names, ()) if callable(names) else declare
