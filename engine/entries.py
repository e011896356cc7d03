"""From the text of a log to its entries, continuation lines kept whole."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from enum import Enum, auto
from itertools import takewhile

from engine.stated import LEVEL, MONTH, MOST_TEXT

MOST_LINES = 200
LONGEST = 1024 * 1024
"""Characters after which an entry ends whatever follows, so that nothing is held back without end."""

_LOOK_AT = 512
"""Characters of a line that decide what kind of line it is."""

_START = re.compile(
    rf"""  \[?\d{{4}}[-/]\d\d[-/]\d\d(?:T|,?\ )\d\d:\d\d             # ISO, Airflow, PostgreSQL, nginx
         | \d\d/\d\d/\d\d\ \d\d:\d\d:\d\d                         # Spark
         | \[?\d\d:\d\d:\d\d[.,\]\ ]                              # a time alone
         | (?:{MONTH})\ [\ \d]\d\ \d\d:\d\d                      # syslog
         | \[(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\ (?:{MONTH})\       # Apache
         | <\d{{1,3}}>                                            # syslog with its priority
         | [IWEF]\d{{4}}\ \d\d:\d\d                               # klog
         | (?:time|ts|timestamp|t|level|lvl|severity)=            # logfmt
         | \[?(?:{LEVEL}|LOG)\b                                  # LEVEL
    """,
    re.VERBOSE,
)
_CONTINUES = re.compile(
    r"""  at\ | Caused\ by: | Suppressed: | \.\.\.\ \d+\ (?:more|common)
        | Traceback\ \(most\ recent\ call\ last\):
        | File\ "[^"]{1,400}",\ line\ \d                      # Airflow 3's, which indents no frame
        | During\ handling\ of\ the\ above | The\ above\ exception\ was
        | \[SQL:\ | \[parameters:\ | \(Background\ on\ this\ error   # SQLAlchemy's, after the exception
        | (?:DETAIL|HINT|STATEMENT|CONTEXT|QUERY|LOCATION):
        | [}\])]{1,8}[,;]?$
    """,
    re.VERBOSE,
)
_POSTGRESQL = re.compile(r".{0,200}?\b(?:LOG|WARNING|ERROR|FATAL|PANIC|NOTICE|INFO|DEBUG\d?):  ")
_POSTGRESQL_MORE = re.compile(r".{0,200}?\b(?:DETAIL|HINT|STATEMENT|CONTEXT|QUERY|LOCATION):  ")
_BARE_EXCEPTION = re.compile(r"(?:[a-z_][\w$]*\.)+[A-Z][\w$]*(?::|$)|[A-Z]\w{0,60}(?:Error|Exception)(?::|$)")
_TRACEBACK = "Traceback (most recent call last):"


class _Trace(Enum):
    """Where a Python traceback stands. ENDED: its last line has just been read."""

    NONE = auto()
    INSIDE = auto()
    ENDED = auto()


def _is_json(line: str) -> bool:
    return line.startswith("{") and line.endswith(("}", "} "))


class Splitter:
    """Gathers lines into entries, as they come. An offset is whatever the caller counts in, characters or bytes."""

    def __init__(self) -> None:
        self._begin(0, "")
        self._open = False

    def feed(self, offset: int, line: str) -> tuple[int, str] | None:
        """Take one line without its newline; the answer is the entry that it has brought to its end, if any."""
        if self._open and self._continues(line):
            self._keep(line)
            return None
        done = self.rest()
        if line.strip():
            self._begin(offset, line)
        else:
            self._open = False
        return done

    def rest(self) -> tuple[int, str] | None:
        """The entry that may still grow."""
        return (self._offset, self._text()) if self._open else None

    @property
    def alone(self) -> bool:
        """Whether the entry that was begun is a whole JSON object, which no line can continue."""
        return self._alone

    def _begin(self, offset: int, line: str) -> None:
        head = line[:_LOOK_AT]
        self._open, self._offset = True, offset
        self._head, self._tail, self._left_out = list[str](), deque[str](), 0
        self._head_size = self._tail_size = self._size = 0
        self._log_line = self._recognised = bool(_START.match(head))
        self._first = head
        self._alone = _is_json(line)
        self._trace = _Trace.INSIDE if line.endswith(_TRACEBACK) else _Trace.NONE
        self._keep(line)

    def _continues(self, line: str) -> bool:
        after_log_line, self._log_line = self._log_line, False
        if self._alone or self._size > LONGEST or _is_json(line):
            return False
        if not line or line[0] in " \t":
            return True
        head = line[:_LOOK_AT]
        if _START.match(head):
            return self._more_of_postgresql(head)
        if _CONTINUES.match(head):
            return self._more_of_trace(head)
        if self._trace is _Trace.INSIDE:
            self._trace = _Trace.ENDED
            return True
        return after_log_line and bool(_BARE_EXCEPTION.match(head))

    def _more_of_postgresql(self, head: str) -> bool:
        return ":  " in head and bool(_POSTGRESQL_MORE.match(head) and _POSTGRESQL.match(self._first))

    def _more_of_trace(self, head: str) -> bool:
        """A second traceback right after the end of one is news; with 'During handling …' between, it is not."""
        if not head.startswith(_TRACEBACK):
            if head[0] in "DT":
                self._trace = _Trace.NONE
            return True
        news = self._trace is _Trace.ENDED and not self._recognised
        self._trace = _Trace.INSIDE
        return not news

    def _keep(self, line: str) -> None:
        """The first half of what fits is kept, and the last; what lies between is only counted."""
        size = len(line) + 1
        self._size += size
        if not self._tail and len(self._head) < MOST_LINES // 2 and self._head_size + size <= MOST_TEXT // 2:
            self._head.append(line)
            self._head_size += size
            return
        self._tail.append(line)
        self._tail_size += size
        while len(self._tail) > MOST_LINES // 2 - 1 or (self._tail_size > MOST_TEXT // 2 and len(self._tail) > 1):
            gone = len(self._tail.popleft()) + 1
            self._tail_size -= gone
            self._left_out += gone

    def _text(self) -> str:
        lines = [*self._head, *self._tail]
        if self._left_out:
            lines.insert(len(self._head), left_out(self._left_out))
        return shortened("\n".join(lines).rstrip())


def left_out(characters: int) -> str:
    """The line that stands where text was cut."""
    return f"[… {characters} characters left out …]"


def shortened(text: str) -> str:
    """The text, cut in its middle if it is longer than an entry may be."""
    if len(text) <= MOST_TEXT:
        return text
    half = (MOST_TEXT - 64) // 2
    return f"{text[:half]}\n{left_out(len(text) - 2 * half)}\n{text[-half:]}"


def split(text: str) -> list[tuple[int, str]]:
    """All entries of a text in order: the offset of the first character, and the entry's lines."""
    return list(_each(text))


def _each(text: str) -> Iterator[tuple[int, str]]:
    splitter, offset = Splitter(), 0
    for line in text.split("\n"):
        if done := splitter.feed(offset, line.removesuffix("\r")):
            yield done
        offset += len(line) + 1
    if last := splitter.rest():
        yield last


def last_start(text: str) -> int:
    """The offset of the last line that surely begins an entry, whatever stood before; 0 if none is near the end."""
    plain, end = 0, len(text.rstrip("\n"))
    for _ in range(2 * MOST_LINES):
        newline = text.rfind("\n", 0, end)
        if newline < 0:
            break
        head = text[newline + 1 : min(end, newline + 1 + _LOOK_AT)]
        if _starts(head):
            return newline + 1
        plain = plain or (newline + 1 if _plain(head) and _plain(_line_before(text, newline)) else 0)
        end = newline
    return plain


def around(text: str, at: int) -> tuple[int, str]:
    """The entry that the character at this offset is in: where it begins, and its lines."""
    low = max(0, text.rfind("\n", 0, max(0, at - MOST_TEXT)) + 1)
    line_end = text.find("\n", at)
    begin = low + last_start(text[low : line_end if line_end >= 0 else len(text)])
    end = min(len(text), at + MOST_TEXT)
    until = takewhile(lambda one: begin + one[0] <= at, _each(text[begin:end]))
    found = deque(until, maxlen=1)
    return (begin + found[0][0], found[0][1]) if found else (at, "")


def _starts(head: str) -> bool:
    return head[:2] == '{"' or bool(_START.match(head) and not _POSTGRESQL_MORE.match(head))


def _plain(head: str) -> bool:
    return (
        bool(head.strip()) and head[0] not in " \t" and not _CONTINUES.match(head) and not _BARE_EXCEPTION.match(head)
    )


def _line_before(text: str, end: int) -> str:
    begin = text.rfind("\n", 0, end) + 1
    return text[begin : min(end, begin + _LOOK_AT)]
