"""A scatter plot as SVG, by hand: x in seconds, y in milliseconds on a logarithmic axis."""

import math
from collections.abc import Mapping, Sequence
from html import escape

Points = Sequence[tuple[float, float]]

_WIDTH, _HEIGHT = 860, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 20, 50, 50
_COLOURS = ("#c0392b", "#2471a3", "#7d8a90", "#1e8449")


def scatter(title: str, x_label: str, y_label: str, series: Mapping[str, Points]) -> str:
    """Each series in a colour of its own, named above the plot. Every y must be over 0."""
    points = [point for one in series.values() for point in one]
    x_max = max(x for x, _ in points) or 1.0
    low = math.floor(math.log10(min(y for _, y in points)))
    high = max(low + 1, math.ceil(math.log10(max(y for _, y in points))))

    def place(x: float, y: float) -> tuple[float, float]:
        across = x / x_max
        up = (math.log10(y) - low) / (high - low)
        return (
            _LEFT + across * (_WIDTH - _LEFT - _RIGHT),
            _HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM),
        )

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif">',
        "<style>text { font-size: 12px }</style>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<text x="{_LEFT}" y="18">{escape(title)}</text>',
        _text(_WIDTH / 2, _HEIGHT - 10, x_label, "middle"),
        f'<text transform="translate(16 {_HEIGHT / 2}) rotate(-90)" text-anchor="middle">{escape(y_label)}</text>',
    ]
    for power in range(low, high + 1):
        _, y = place(0, 10.0**power)
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#ddd"/>')
        parts.append(_text(_LEFT - 6, y + 4, f"{10.0**power:g}", "end"))
    for step in range(6):
        x, _ = place(x_max * step / 5, 10.0**low)
        parts.append(_text(x, _HEIGHT - _BOTTOM + 18, f"{x_max * step / 5:.1f}", "middle"))
    for (name, own), colour, number in zip(series.items(), _COLOURS, range(len(series)), strict=False):
        parts.append(f'<circle cx="{_LEFT + 5 + 260 * number}" cy="34" r="4" fill="{colour}"/>')
        parts.append(_text(_LEFT + 14 + 260 * number, 38, name, "start"))
        for x, y in (place(*point) for point in own):
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{colour}" fill-opacity="0.6"/>')
    return "\n".join([*parts, "</svg>", ""])


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
