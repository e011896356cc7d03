"""All of Slack's numbers that we obey."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """In characters unless said otherwise."""

    # https://docs.slack.dev/reference/block-kit/blocks
    blocks: int = 50  # blocks of a message
    # https://docs.slack.dev/reference/block-kit/composition-objects/text-object
    text: int = 3_000
    # https://docs.slack.dev/reference/block-kit/blocks/header-block
    header: int = 150
    # https://docs.slack.dev/reference/block-kit/blocks/actions-block
    row: int = 5  # buttons of an actions block; Slack would take 25, but nobody finds one among them
    # https://docs.slack.dev/reference/block-kit/block-elements/button-element
    label: int = 75
    value: int = 2_000
    url: int = 3_000
    # https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object
    confirm_title: int = 100
    confirm_text: int = 300
    confirm_answer: int = 30
    # https://docs.slack.dev/reference/methods/files.getUploadURLExternal
    alt: int = 1_000
    # https://docs.slack.dev/reference/views/modal-views
    view_blocks: int = 100  # blocks of a modal or a home tab
    view_title: int = 24
    private_metadata: int = 3_000
    # https://docs.slack.dev/reference/block-kit/blocks/input-block
    input_label: int = 2_000
    hint: int = 2_000
    # https://docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element
    input: int = 3_000
    # https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element
    options: int = 100  # options of a menu
    # https://docs.slack.dev/reference/block-kit/composition-objects/option-object
    option: int = 75
    option_value: int = 150
    # https://github.com/slackapi/bolt-js/issues/2509: refused somewhere above 13,200, and Slack does not say how it
    # counts (issue 2867 there); so we count all of the JSON, and stay below
    total: int = 12_000
    # ours: what a notification says besides the title
    summary: int = 300


LIMITS = Limits()
