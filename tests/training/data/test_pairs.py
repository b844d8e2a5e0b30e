from pathlib import Path

import pytest

from daynight.errors import UsageError
from daynight.training.data.pairs import Pair, read_pairs


def table(folder, text, encoding="utf-8"):
    path = folder / "pairs.csv"
    path.write_text(text, encoding=encoding)
    return path


def test_rows_are_read_by_the_names_of_columns(tmp_path):
    rows = read_pairs(table(tmp_path, "night,place,day\nb/n.png,bridge,d é.png\n\nn2.png,,d2.png\n"))
    assert rows == [Pair(2, "d é.png", "b/n.png"), Pair(4, "d2.png", "n2.png")]


def test_a_spreadsheet_s_byte_order_mark_is_passed_over(tmp_path):
    assert read_pairs(table(tmp_path, "day,night\r\na.png,b.png\r\n", "utf-8-sig")) == [
        Pair(2, "a.png", "b.png")
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("", "lacks the column day and night; write it with the header day,night", id="empty"),
        pytest.param("day;night\na;b\n", "lacks the column day and night", id="semicolons"),
        pytest.param("day,place\na,b\n", "lacks the column night;", id="one column"),
        pytest.param("day,night\na.png\n", "line 2: lacks a name", id="short row"),
        pytest.param("day,night\na,b\n,b\n", "line 3: lacks a name", id="empty name"),
        pytest.param("day,night\n../a,b\n", r"line 2: \.\./a leads out of its folder", id="up"),
        pytest.param("day,night\na,b/../../c\n", "leads out of its folder; name a file", id="up within"),
        pytest.param("day,night\n/etc/a.png,b\n", "line 2: /etc/a.png leads out", id="absolute"),
        pytest.param("day,night\na\0,b\n", "NUL|lacks a name", id="nul"),
        pytest.param(f"day,night\n{'a' * 140000},b\n", "is not a CSV", id="endless"),
    ],
)
def test_what_is_no_table_of_pairs_is_refused_in_one_line(tmp_path, text, fault):
    with pytest.raises(UsageError, match=fault) as caught:
        read_pairs(table(tmp_path, text))
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "pairs.csv"))


def test_a_table_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match="can't be read"):
        read_pairs(Path(tmp_path / "none.csv"))
