"""Charts as PNG pictures, which every chat platform can show. The font comes with the library."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import assert_never

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 512, 480
"""Pixels of one chart. Two beside each other are as wide as Teams takes a picture."""

TITLE, TEXT = 26, 19
"""Pixels that letters are high: a chat shows the picture at half its size."""

SHADES = 16
"""Colours of a picture: so few that it is small enough to travel within a card."""

LEFT, RIGHT, TOP, BOTTOM = 72, 28, 84, 112
PAPER, INK, PALE, FAINT = "#ffffff", "#24292f", "#57606a", "#d8dee4"
EDGE = 16
ROW = 54
"""Pixels from one bar to the next."""

DASH = 9
LONGEST = 52
"""Characters of a name beside a bar."""

COLOURS = ("#0969da", "#bc4c00", "#1a7f37", "#8250df", "#6e7781")
"""They can be told apart by those who see no red or green; a second line is also dashed."""


@dataclass(frozen=True, slots=True)
class Line:
    """Points (x, y) joined by a line. ``dots`` shows each; ``dashed`` tells it from another without colour."""

    name: str
    points: Sequence[tuple[float, float]]
    dots: bool = False
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """``x`` and ``y`` are the lowest and highest value of each axis; ``percent`` says which axes show shares."""

    title: str
    across: str
    up: str
    lines: tuple[Line, ...]
    x: tuple[float, float] = (0.0, 1.0)
    y: tuple[float, float] = (0.0, 1.0)
    percent: tuple[bool, bool] = (True, True)


@dataclass(frozen=True, slots=True)
class Bars:
    """A share for each name, with a word beside its bar."""

    title: str
    up: str
    rows: tuple[tuple[str, float, str], ...]


def png(charts: Sequence[Chart | Bars], columns: int = 2) -> bytes:
    """The charts as one picture, row by row."""
    columns = min(columns, len(charts))
    rows = -(-len(charts) // columns)
    image = Image.new("RGB", (columns * WIDTH, rows * HEIGHT), PAPER)
    pen = ImageDraw.Draw(image)
    for number, chart in enumerate(charts):
        left, top = number % columns * WIDTH, number // columns * HEIGHT
        _draw(_Pen(pen, left, top), chart)
    file = io.BytesIO()
    image.quantize(SHADES, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


def _draw(pen: _Pen, chart: Chart | Bars) -> None:
    pen.text(EDGE, 14, chart.title, size=TITLE)
    pen.text(EDGE, 48, chart.up, colour=PALE)
    match chart:
        case Chart():
            _Sheet(pen, chart).draw()
        case Bars():
            _bars(pen, chart)
        case _:
            assert_never(chart)


@dataclass(frozen=True, slots=True)
class _Pen:
    """Draws at a place of the picture, in pixels."""

    on: ImageDraw.ImageDraw
    left: float
    top: float

    def place(self, x: float, y: float) -> tuple[float, float]:
        return self.left + x, self.top + y

    def text(self, x: float, y: float, text: str, anchor: str = "la", size: int = TEXT, colour: str = INK) -> None:
        font = ImageFont.load_default(size)
        self.on.text(self.place(x, y), text, fill=colour, font=font, anchor=anchor)

    def line(self, points: Sequence[tuple[float, float]], colour: str, width: int = 3) -> None:
        self.on.line([self.place(*one) for one in points], fill=colour, width=width, joint="curve")

    def dot(self, x: float, y: float, colour: str) -> None:
        self.on.ellipse([self.place(x - 6, y - 6), self.place(x + 6, y + 6)], fill=colour)

    def box(self, x: float, y: float, to_x: float, to_y: float, colour: str) -> None:
        self.on.rectangle([self.place(x, y), self.place(to_x, to_y)], fill=colour)


def _bars(pen: _Pen, chart: Bars) -> None:
    end = WIDTH - 128
    for number, (name, share, said) in enumerate(chart.rows):
        top = TOP + number * ROW
        pen.text(EDGE, top, _short(name))
        pen.box(EDGE, top + 28, end, top + 42, FAINT)
        pen.box(EDGE, top + 28, EDGE + share * (end - EDGE), top + 42, COLOURS[0])
        pen.text(end + 12, top + 35, said, anchor="lm")


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The axes of a chart and the lines between them."""

    pen: _Pen
    chart: Chart

    def draw(self) -> None:
        for share in _shares(self.chart.y, percent=self.chart.percent[1]):
            self._level(share)
        for share in _shares(self.chart.x, percent=self.chart.percent[0]):
            self._tick(share)
        self.pen.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 82, self.chart.across, anchor="ma")
        for line, colour in zip(self.chart.lines, COLOURS, strict=False):
            self._line(line, colour)
        self._legend()

    def _at(self, x: float, y: float) -> tuple[float, float]:
        (low, high), (bottom, top) = self.chart.x, self.chart.y
        across = (x - low) / ((high - low) or 1.0)
        up = min(max((y - bottom) / ((top - bottom) or 1.0), 0.0), 1.0)
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    def _level(self, share: float) -> None:
        (low, high), (bottom, top) = self.chart.x, self.chart.y
        y = bottom + share * (top - bottom)
        left, height = self._at(low, y)
        self.pen.line([(left, height), self._at(high, y)], FAINT, width=1)
        self.pen.text(left - 8, height, _number(y, percent=self.chart.percent[1]), anchor="rm")

    def _tick(self, share: float) -> None:
        low, high = self.chart.x
        x = low + share * (high - low)
        said = _number(x, percent=self.chart.percent[0])
        self.pen.text(self._at(x, 0.0)[0], HEIGHT - BOTTOM + 6, said, anchor="ma")

    def _line(self, line: Line, colour: str) -> None:
        points = [self._at(x, y) for x, y in line.points]
        if line.dashed:
            _dashes(self.pen, points, colour)
        elif len(points) > 1:
            self.pen.line(points, colour)
        for x, y in points if line.dots or len(points) == 1 else ():
            self.pen.dot(x, y, colour)

    def _legend(self) -> None:
        x = float(EDGE)
        for line, colour in zip(self.chart.lines, COLOURS, strict=False):
            self.pen.box(x, HEIGHT - 44, x + 16, HEIGHT - 30, colour)
            self.pen.text(x + 24, HEIGHT - 37, line.name, anchor="lm")
            x += 48 + ImageFont.load_default(TEXT).getlength(line.name)


def _dashes(pen: _Pen, points: Sequence[tuple[float, float]], colour: str) -> None:
    """Strokes and gaps of DASH pixels, counted on along the whole line so that a crooked one is dashed alike."""
    gone = 0.0
    for (x, y), (to_x, to_y) in pairwise(points):
        length = math.hypot(to_x - x, to_y - y)
        for start in range(0, math.ceil(length), 2):
            if int((gone + start) / DASH) % 2 == 0:
                a, b = start / length, min(1.0, (start + 2) / length)
                ends = [(x + a * (to_x - x), y + a * (to_y - y)), (x + b * (to_x - x), y + b * (to_y - y))]
                pen.line(ends, colour)
        gone += length


def _shares(ends: tuple[float, float], *, percent: bool) -> Sequence[float]:
    """Where an axis is named: fifths of it, or of a short row of counted things each one."""
    wide = ends[1] - ends[0]
    if percent or wide != int(wide):
        return [fifth / 5 for fifth in range(6)]
    steps = max(1, min(5, int(wide)))
    return [round(step * wide / steps) / (wide or 1.0) for step in range(steps + 1)]


def _number(value: float, *, percent: bool) -> str:
    if percent:
        return f"{value:.0%}"
    return f"{value:,.0f}" if value == round(value) or abs(value) >= 10 else f"{value:.1f}"
