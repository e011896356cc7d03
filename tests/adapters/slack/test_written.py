"""What a message says, wherever its sender has put it: this is what a report is made of."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.chat.slack.said import reported
from adapters.chat.slack.written import written


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def rich(*pieces: str) -> dict[str, Any]:
    texts = [{"type": "text", "text": piece} for piece in pieces]
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": texts}]}


ALERTMANAGER = {
    "bot_id": "B1",
    "text": "",
    "attachments": [
        {
            "fallback": "[FIRING:1] PodCrashLooping | http://prometheus.test",
            "title": "[FIRING:1] PodCrashLooping",
            "text": "Pod shop/web-7 restarts &gt; 5 times an hour",
            "fields": [{"title": "severity", "value": "critical", "short": True}, {"value": "runbook"}],
        }
    ],
}

BLOCKS = {
    "bot_id": "B1",
    "text": "Disk alert",
    "blocks": [
        {"type": "header", "text": {"type": "plain_text", "text": "Disk alert"}},
        {"type": "section", "text": mrkdwn("/dev/sda1 is at *97 %*"), "fields": [mrkdwn("host"), mrkdwn("db-1")]},
        {"type": "section", "text": mrkdwn("since noon"), "accessory": {"type": "button", "text": mrkdwn("Mute")}},
        {
            "type": "rich_text",
            "elements": [{"type": "rich_text_preformatted", "elements": [mrkdwn("df: "), mrkdwn("full")]}],
        },
        {"type": "context", "elements": [mrkdwn("rule 7"), {"type": "image", "alt_text": "x"}]},
        {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Silence"}}]},
    ],
}


@pytest.mark.parametrize(
    ("message", "lines"),
    [
        ({"text": "load_orders is red", "blocks": [rich("load_orders ", "is red")]}, ["load_orders is red"]),
        (
            ALERTMANAGER,
            [
                "[FIRING:1] PodCrashLooping",
                "Pod shop/web-7 restarts &gt; 5 times an hour",
                "severity: critical",
                "runbook",
            ],
        ),
        (BLOCKS, ["Disk alert", "/dev/sda1 is at *97 %*", "host", "db-1", "since noon", "df: full", "rule 7"]),
        (
            {"text": "", "attachments": [{"fallback": "[no preview available]", "blocks": [rich("web is down")]}]},
            ["web is down"],
        ),
        ({"attachments": [{"fallback": "only this"}]}, ["only this"]),
        ({"files": [{"id": "F1"}]}, [""]),
    ],
    ids=["a person's", "Alertmanager's", "blocks", "attached blocks", "a fallback", "a file alone"],
)
def test_every_text_is_read_once(message: dict[str, Any], lines: list[str]) -> None:
    assert written(message).split("\n") == lines


def test_a_report_is_what_the_message_says() -> None:
    body = {
        "trigger_id": "1.2.3",
        "user": {"id": "U1"},
        "channel": {"id": "C1"},
        "message": {**ALERTMANAGER, "ts": "7.0"},
        "response_url": "https://hooks.slack.com/1",
    }
    said = reported(body, 0.0)
    assert said.text.startswith(
        "report [FIRING:1] PodCrashLooping\nPod shop/web-7 restarts > 5 times an hour\nseverity"
    )
    assert (said.room, said.thread) == ("C1", "7.0")
