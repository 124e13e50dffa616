"""Draws curves as SVG: panels with logarithmic axes, labels and one legend."""
import dataclasses
import html
import math

WIDTH, HEIGHT = 430, 320  # Of a panel.
LEFT, RIGHT, TOP, BOTTOM = 62, 16, 40, 50  # From a panel's edge to its axes.
COLUMNS = 3
COLORS = {
    "coil": "#c2410c", "coil io_uring coroutine": "#c2410c", "coil epoll coroutine": "#f59e0b",
    "minimum": "#111827", "bare liburing": "#111827", "bare epoll": "#6b7280",
    "asio": "#1d4ed8", "asio coroutines": "#1d4ed8", "libuv": "#15803d",
}
OTHER_COLOR = "#7e22ce"
LEGEND = {  # What shares a color, in the legend's order.
    "coil (on io_uring)": "coil", "coil on epoll": "coil epoll coroutine",
    "bare liburing, hand-written minimum": "minimum", "bare epoll": "bare epoll",
    "Asio": "asio", "libuv": "libuv",
}


@dataclasses.dataclass(frozen=True)
class Panel:
    """One diagram: lines[name] is a list of points."""
    title: str
    across: str
    unit: str
    lines: dict


class Axis:
    """Maps a logarithmic range to pixels."""

    def __init__(self, values, start, end):
        self.low, self.high = math.log10(min(values)), math.log10(max(values))
        margin = max(0.04 * (self.high - self.low), 0.02)
        self.low, self.high = self.low - margin, self.high + margin
        self.start, self.end = start, end

    def at(self, value):
        """Gives the pixel of a value."""
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self):
        """Gives the values that get a mark: powers of ten, and more where few of them fit."""
        for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)):
            values = [step * 10 ** power for power in range(-3, 10) for step in steps]
            shown = [value for value in values if self.low <= math.log10(value) <= self.high]
            if len(shown) >= 3:
                break
        return shown


def short(value):
    """Writes a number the way an axis does."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def text(x, y, words, size=11, anchor="middle", more=""):
    """Gives an SVG text."""
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" {more}>'
            f'{html.escape(words)}</text>')


def line(x1, y1, x2, y2, color):
    """Gives an SVG line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}"/>'


def draw_panel(panel, left, top):
    """Yields the SVG elements of one panel."""
    points = [point for each in panel.lines.values() for point in each]
    across = Axis([x for x, _ in points], left + LEFT, left + WIDTH - RIGHT)
    upward = Axis([y for _, y in points], top + HEIGHT - BOTTOM, top + TOP)
    yield text(left + WIDTH / 2, top + 22, panel.title, 13, more='font-weight="bold"')
    for tick in across.ticks():
        yield line(across.at(tick), upward.start, across.at(tick), upward.end, "#e5e7eb")
        yield text(across.at(tick), upward.start + 16, short(tick))
    for tick in upward.ticks():
        yield line(across.start, upward.at(tick), across.end, upward.at(tick), "#e5e7eb")
        yield text(across.start - 6, upward.at(tick) + 4, short(tick), anchor="end")
    yield line(across.start, upward.start, across.end, upward.start, "#374151")
    yield line(across.start, upward.start, across.start, upward.end, "#374151")
    yield text((across.start + across.end) / 2, upward.start + 36, panel.across)
    middle = (upward.start + upward.end) / 2
    yield text(left + 16, middle, {"us": "µs"}.get(panel.unit, panel.unit),
               more=f'transform="rotate(-90 {left + 16} {middle})"')
    for name, each in panel.lines.items():
        color = COLORS.get(name, OTHER_COLOR)
        path = " ".join(f"{across.at(x):.1f},{upward.at(y):.1f}" for x, y in each)
        yield f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>'
        for x, y in each:
            yield (f'<circle cx="{across.at(x):.1f}" cy="{upward.at(y):.1f}" r="3" '
                   f'fill="{color}"><title>{html.escape(name)}: {y:.2f} {panel.unit} at '
                   f'{x:,}</title></circle>')


def draw_legend(panels, left, top):
    """Yields the legend's SVG elements, for the colors that occur."""
    used = {COLORS.get(name, OTHER_COLOR) for panel in panels for name in panel.lines}
    y = top + TOP + 20
    for words, name in LEGEND.items():
        if COLORS[name] not in used:
            continue
        yield (f'<line x1="{left + LEFT}" y1="{y}" x2="{left + LEFT + 34}" y2="{y}" '
               f'stroke="{COLORS[name]}" stroke-width="3"/>')
        yield text(left + LEFT + 44, y + 4, words, 12, "start")
        y += 26
    yield text(left + LEFT, y + 10, "Both axes are logarithmic; lower is better.", 11, "start")


def write(path, panels):
    """Writes the panels and a legend to a file."""
    cells = len(panels) + 1
    width, height = WIDTH * COLUMNS, HEIGHT * math.ceil(cells / COLUMNS)
    places = [(WIDTH * (index % COLUMNS), HEIGHT * (index // COLUMNS)) for index in range(cells)]
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
             f'width="{width}" height="{height}" font-family="sans-serif" fill="#111827">',
             '<rect width="100%" height="100%" fill="#ffffff"/>']
    for panel, place in zip(panels, places):
        parts += draw_panel(panel, *place)
    parts += draw_legend(panels, *places[-1])
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(parts) + "\n</svg>\n")
