"""Each requirement is shown by a test, and the table of them is up to date."""

from collections import Counter

from docs.make_requirements import TABLE, marked_tests, marks_of, requirements, table


def test_the_table_is_that_of_the_tests() -> None:
    assert TABLE.read_text(encoding="utf-8") == table(), "run `make requirements`"


def test_every_requirement_has_a_test_and_every_mark_a_requirement() -> None:
    required, shown = {r.id for r in requirements()}, {t.requirement for t in marked_tests()}
    assert required - shown == set()
    assert shown - required == set()


def test_no_two_requirements_are_one() -> None:
    for part in ("id", "text"):
        counts = Counter(getattr(r, part) for r in requirements())
        assert [x for x, n in counts.items() if n > 1] == []


def test_each_says_what_and_what_else() -> None:
    assert all(r.text.endswith(".") and r.risk.endswith(".") for r in requirements())


def test_a_mark_on_what_pytest_does_not_run_counts_for_nothing() -> None:
    source = """
@pytest.mark.requirement("R-01")
def helper(): ...

@pytest.mark.requirement("R-02")
@pytest.mark.requirement("R-03")
def test_it():
    @pytest.mark.requirement("R-04")
    def test_inside(): ...

class TestRoom:
    @pytest.mark.requirement("R-05")
    def test_there(self): ...
"""
    assert list(marks_of(source)) == [
        ("R-02", "test_it"),
        ("R-03", "test_it"),
        ("R-05", "test_there"),
    ]
