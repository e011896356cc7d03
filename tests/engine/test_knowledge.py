"""Each entry brings its own examples; here they are held to them."""

import pytest

from engine import identify, knowledge
from engine.detect import Detector
from engine.identify.gate import literal
from engine.knowledge import Example, Pattern

DETECTOR = Detector(knowledge.load(), identify.load())
PATTERNS = list(DETECTOR.patterns.values())
EXAMPLES = [(pattern, example) for pattern in PATTERNS for example in pattern.examples]
CALMING = [(one, example) for one in knowledge.load() if one.quiets for example in one.examples]
SILENT = [(pattern, text) for pattern in PATTERNS for text in pattern.silent]


def named(value: object) -> str:
    return value.id if isinstance(value, Pattern) else ""


@pytest.mark.parametrize(("pattern", "example"), EXAMPLES, ids=named)
def test_an_entry_recognises_its_examples(pattern: Pattern, example: Example) -> None:
    found = DETECTOR.find_in(example.text.strip("\n"))
    assert found is not None
    assert found.pattern.id == pattern.id


@pytest.mark.parametrize(("pattern", "example"), EXAMPLES, ids=named)
def test_the_names_in_an_example_are_found_and_no_others_are_invented(pattern: Pattern, example: Example) -> None:
    found = DETECTOR.names(example.text, example.source)
    wanted = dict(example.identifiers or {})
    assert {name: found.get(name) for name in wanted} == wanted
    assert all(value in example.text or value in example.source for value in found.values())


@pytest.mark.parametrize(("pattern", "text"), SILENT, ids=named)
def test_an_entry_is_silent_on_what_it_must_not_report(pattern: Pattern, text: str) -> None:
    assert DETECTOR.find_in(text) is None


@pytest.mark.parametrize(("pattern", "example"), CALMING, ids=named)
def test_what_calms_is_no_failure_itself(pattern: Pattern, example: Example) -> None:
    assert DETECTOR.find_in(example.text.strip("\n")) is None, pattern.id


@pytest.mark.parametrize(
    ("text", "alarming"),
    [
        ("KeyError: 'net_price'", "any/unhandled-exception"),
        ("KeyError: 'DATABASE_URL'", "any/configuration-wrong"),
    ],
)
def test_a_rule_can_insist_on_capitals(text: str, alarming: str) -> None:
    found = DETECTOR.find_in(f"ERROR - task failed\n{text}")
    assert found is not None
    assert found.pattern.id == alarming


@pytest.mark.parametrize("pattern", PATTERNS, ids=named)
def test_every_rule_of_an_entry_is_shown_by_an_example_or_has_a_literal(pattern: Pattern) -> None:
    assert all(len(literal(rule)) >= 4 for rule in pattern.match)
    assert pattern.examples
    assert pattern.advice


def test_the_ids_are_unique_and_what_follows_exists() -> None:
    assert len({pattern.id for pattern in PATTERNS}) == len(PATTERNS)
    assert all(cause in DETECTOR.patterns for pattern in PATTERNS for cause in pattern.follows)


def test_a_broken_file_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="airflow/broken"):
        knowledge.read("+++\ntitle = 'x'\n+++\n", "airflow/broken")


@pytest.mark.parametrize("rule", ["a|b", "ab?c", r"\w+", "(long text in a group)", "abc", "failed|refused"])
def test_a_rule_without_a_certain_literal_is_refused(rule: str) -> None:
    with pytest.raises(ValueError, match="plain characters"):
        literal(rule)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("AirflowTaskTimeout", "airflowtasktimeout"),
        (r"exited with return code (?:-9|15)", "exited with return code "),
        (r"java\.lang\.OutOfMemoryError[\s\S]{0,40}spark", "java.lang.outofmemoryerror"),
        ("colou?rful words", "rful words"),
    ],
)
def test_the_literal_is_the_longest_certain_run(rule: str, expected: str) -> None:
    assert literal(rule) == expected


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('Error creating: pods "search-7b4f7c9d5c-" is forbidden: exceeded quota', {}),
        ("Failed pod search-7b4f7c9d5c-x2x9z.", {"pod_name": "search-7b4f7c9d5c-x2x9z"}),
        ("0/20 nodes: 1 didn't match pod affinity/anti-affinity", {}),
        ("UPDATE task_instance SET state=%(state)s WHERE state = %(old)s", {}),
        ("got `host=pg user=app database=shop`: dial error", {"database_name": "shop"}),
        ("Uncaught exception in scheduled task 'flush-log' (kafka.utils.KafkaScheduler)", {}),
        ("Unable to acquire lock for table sales.orders", {"table": "sales.orders"}),
        ("PSQLException: Connection to pg-1.lan:5432 refused.", {"database_host": "pg-1.lan", "database_port": "5432"}),
    ],
)
def test_a_name_is_whole_or_none(text: str, names: dict[str, str]) -> None:
    found = DETECTOR.names(text)
    told = ("pod_name", "namespace", "state", "database_name", "task_id", "table", "database_host", "database_port")
    assert {name: value for name, value in found.items() if name in told} == names
