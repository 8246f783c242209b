"""Numbers as text."""


def time(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return f"{digits(seconds)} s" if seconds >= 1 else f"{digits(seconds * 1e3)} ms"


def memory(size: float | None) -> str:
    if size is None:
        return "–"
    mib = size / 2**20
    return f"{digits(mib / 1024)} GiB" if mib >= 1024 else f"{max(round(mib), 1)} MiB"


def times(ratio: float | None) -> str:
    return "–" if ratio is None else f"{digits(ratio)} ×"


def digits(number: float) -> str:
    """Two or three digits that count."""
    if number >= 100:
        return f"{number:.0f}"
    return f"{number:.1f}" if number >= 10 else f"{number:.2f}"
