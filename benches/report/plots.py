"""Bar charts as SVG: the sides of each case, time beside memory."""

from collections.abc import Callable
from xml.sax.saxutils import escape

from .results import Case, Side
from .words import memory, time

OURS = ("#1f6feb", "#5b9bf5", "#9cc4fb")
REFERENCE = "#d9822b"
LABEL_WIDTH = 150
BAR_WIDTH = 230
VALUE_WIDTH = 80
PANEL_WIDTH = LABEL_WIDTH + BAR_WIDTH + VALUE_WIDTH
BAR = 15
TITLE = 22
TOP = 58


def chart(group: str, cases: list[Case]) -> str:
    """The chart of one group of cases."""
    height = TOP + sum(TITLE + BAR * len(case.sides) + 6 for case in cases) + 12
    width = 2 * PANEL_WIDTH + 30
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="Helvetica, Arial, sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="22" font-size="15" font-weight="bold">{escape(group)}</text>',
    ]
    out += panel(12, "time, each case in its own scale", cases, lambda side: side.seconds, time)
    out += panel(24 + PANEL_WIDTH, "memory taken, each case in its own scale", cases, lambda side: side.taken, memory)
    out.append("</svg>")
    return "\n".join(out) + "\n"


def panel(
    left: int,
    title: str,
    cases: list[Case],
    value: Callable[[Side], float | None],
    words: Callable[[float | None], str],
) -> list[str]:
    """All bars of one measure."""
    origin = left + LABEL_WIDTH
    out = [f'<text x="{left}" y="42" fill="#444444">{escape(title)}</text>']
    y = TOP
    for case in cases:
        out.append(f'<text x="{left}" y="{y + 12}" font-weight="bold">{escape(case.title)}</text>')
        y += TITLE
        greatest = max(value(side) or 0 for side in case.sides) or 1
        ours = iter(OURS)
        for side in case.sides:
            colour = REFERENCE if side.is_reference else next(ours)
            length = max(BAR_WIDTH * (value(side) or 0) / greatest, 1)
            out += [
                f'<text x="{origin - 6}" y="{y + 11}" text-anchor="end">{escape(side.name)}</text>',
                f'<rect x="{origin}" y="{y + 2}" width="{length:.1f}" height="{BAR - 4}" fill="{colour}"/>',
                f'<text x="{origin + length + 4:.1f}" y="{y + 11}">{escape(words(value(side)))}</text>',
            ]
            y += BAR
        y += 6
    return out
