"""Work on several things at once, each after those that it needs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

Item = TypeVar("Item", bound=Hashable)
Result = TypeVar("Result")


def in_turn(
    items: Sequence[Item],
    work: Callable[[Item], Result],
    done: Callable[[Item, Result], None],
    *,
    threads: int,
    after: Mapping[Item, set[Item]] | None = None,
    begin: Callable[[], None] = lambda: None,
    cancel: Callable[[], None] = lambda: None,
) -> None:
    """Calls `work` for each item, `threads` at once, and `done` with what came of it.

    An item is begun after those that `after` tells of it; these come before it in `items`, so that nothing waits for ever. Of those
    that can be begun the first one is. `done` is called by the calling thread, `begin` once by each thread that works. When anything
    raises, and on Ctrl-C, nothing further is begun, `cancel` is called, what was begun is waited for, and the exception goes on.
    """
    missing = {item: set(after[item]) if after is not None else set() for item in items}
    running: dict[Future[Result], Item] = {}
    with ThreadPoolExecutor(threads, thread_name_prefix="goldsmith", initializer=begin) as pool:
        try:
            while missing or running:
                ready = [item for item, needs in missing.items() if not needs]
                for item in ready[: threads - len(running)]:
                    del missing[item]
                    running[pool.submit(work, item)] = item
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    item = running.pop(future)
                    done(item, future.result())
                    for needs in missing.values():
                        needs.discard(item)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            cancel()
            raise
