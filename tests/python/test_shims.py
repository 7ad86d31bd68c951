"""Every dispatched macro of macros/cross_db gives the same values on both engines: those written here."""

from __future__ import annotations

import hashlib
import re
from contextlib import closing
from dataclasses import dataclass

import duckdb
import pytest
from conftest import PROJECT, connect, dbt

# Macros that give no value; what shows their effect.
NO_VALUE = {
    "evaluated_once": "test_postgres.py: the same rows",
    "joined_first": "test_postgres.py: the same rows",
    "begin_stepping": "test_postgres.py: the same rows",
    "collect_statistics": "test_postgres.py: test_tables_are_known_to_the_planner",
    "key_hash": "below: test_hashes",
    "row_hash": "below: test_hashes",
    "limit_threads": "below: test_a_statement_takes_as_many_cores_as_the_environment_says",
}
# Business time is not the session's, and neither is UTC.
ZONE, SESSION_ZONE = "Europe/Berlin", "Asia/Kolkata"


@dataclass(frozen=True)
class Cases:
    """One call of a macro on columns a, b, …; each case is a list of SQL inputs and the expected text (None: NULL)."""

    call: str
    cases: list[tuple]
    types: tuple[str, ...] = ("text",)
    is_aggregate: bool = False


def texts(*cases: tuple) -> list[tuple]:
    """Cases of one text given as Python text."""
    return [("null" if a is None else "'" + a.replace("'", "''") + "'", wanted) for a, wanted in cases]


def bigint_of(text: str) -> str:
    return str(int(hashlib.md5(text.encode()).hexdigest()[:15], 16))


N382 = "numeric(38, 2)"
SHIMS = {
    "days_between": [
        Cases(
            "days_between('a', 'b')",
            [
                ("'2024-02-28'", "'2024-03-01'", "2"),
                ("'2023-02-28'", "'2023-03-01'", "1"),
                ("'2024-03-01'", "'2024-02-28'", "-2"),
                ("'0001-01-01'", "'9999-12-31'", "3652058"),
                ("null", "'2024-01-01'", None),
                ("'2024-01-01'", "null", None),
            ],
            ("date", "date"),
        )
    ],
    "seconds_between": [
        Cases(
            "seconds_between('a', 'b')",
            [
                ("'2024-02-28 23:59:59'", "'2024-02-29 00:00:01'", "2"),
                ("'2024-02-28 00:00:00'", "'2024-03-01 00:00:00'", "172800"),
                ("'2024-01-01 10:00:00'", "'2024-01-01 10:00:00'", "0"),
                ("'2024-01-01 10:00:00.000001'", "'2024-01-01 10:00:01'", "0"),
                ("'2024-01-01 10:00:00.5'", "'2024-01-01 10:00:01.5'", "1"),
                ("'2024-01-01 10:00:00'", "'2024-01-01 10:00:59.999999'", "59"),
                ("'2024-01-01 10:00:01'", "'2024-01-01 10:00:00'", "-1"),
                ("'2024-01-01 10:00:00.5'", "'2024-01-01 10:00:00'", "-1"),
                # a timestamp has no zone: the night in which the clock is put forward has all its hours
                ("'2024-03-31 01:00:00'", "'2024-03-31 04:00:00'", "10800"),
                ("'0001-01-01 00:00:00'", "'9999-12-31 00:00:00'", "315537811200"),
                ("null", "'2024-01-01 10:00:00'", None),
                ("'2024-01-01 10:00:00'", "null", None),
            ],
            ("timestamp", "timestamp"),
        )
    ],
    "add_days": [
        Cases(
            "add_days('a', 'b')",
            [
                ("'2024-02-28'", "1", "2024-02-29"),
                ("'2024-03-01'", "-1", "2024-02-29"),
                ("'2023-12-31'", "366", "2024-12-31"),
                ("'2024-01-01'", "0", "2024-01-01"),
                ("null", "1", None),
                ("'2024-01-01'", "null", None),
            ],
            ("date", "bigint"),
        )
    ],
    "add_months": [
        Cases(
            "add_months('a', 'b')",
            [
                ("'2024-01-31'", "1", "2024-02-29"),
                ("'2023-01-31'", "1", "2023-02-28"),
                ("'2024-03-31'", "-1", "2024-02-29"),
                ("'2024-02-29'", "12", "2025-02-28"),
                ("'0001-01-01'", "24275", "2023-12-01"),
                ("null", "1", None),
                ("'2024-01-01'", "null", None),
            ],
            ("date", "integer"),
        )
    ],
    "exact_ratio": [
        Cases(
            "exact_ratio('a', 'b')",
            [
                ("1", "3", "0.333333"),
                ("2", "3", "0.666667"),
                ("-2", "3", "-0.666667"),
                ("2", "-3", "-0.666667"),
                ("-2", "-3", "0.666667"),
                ("0", "-3", "0.000000"),
                ("1", "0", None),
                ("null", "1", None),
                ("1", "null", None),
                ("1.25", "1000000", "0.000001"),
                ("0.5", "1000000", "0.000001"),
                ("-0.5", "1000000", "-0.000001"),
                ("0.49", "1000000", "0.000000"),
                ("99999999999999999999.99", "99999999999999999999.98", "1.000000"),
                ("99999999999999999999.99", "200000000", "500000000000.000000"),
            ],
            (N382, N382),
        ),
        Cases(
            "exact_ratio('a', 'b')",
            [("7", "2", "3.500000"), ("-1", "2000000", "-0.000001"), ("-1", "2000001", "0.000000")],
            ("bigint", "integer"),
        ),
        # half a millionth, and one unit of the last decimal less
        Cases(
            "exact_ratio('a', 'b', decimals=12)",
            [
                ("0.000000500000", "1", "0.000001"),
                ("0.000000499999", "1", "0.000000"),
                ("-0.000001499999", "1.000000000000", "-0.000001"),
                ("100000000000.000000499999", "1", "100000000000.000000"),
                ("100000000000.000000500000", "1", "100000000000.000001"),
                ("1", "0.000000000000", None),
            ],
            ("numeric(38, 12)", "numeric(18, 12)"),
        ),
        # what the doubles say is taken only where it is clear of a boundary
        Cases(
            "exact_ratio('3 * a', 'b', in_doubles='3 * cast(a as double precision) / cast(b as double precision)')",
            [
                ("1", "9", "0.333333"),
                ("0.000001", "6", "0.000001"),
                ("0.000001", "7", "0.000000"),
                ("1", "0", None),
                ("null", "1", None),
            ],
            ("numeric(18, 6)", "integer"),
        ),
    ],
    "text_to_bigint": [
        Cases("text_to_bigint('a')", texts(*((t, bigint_of(t)) for t in ("", "a", "Привет 🛒")), (None, None)))
    ],
    "bytewise": [
        Cases(
            "'row_number() over (order by ' ~ bytewise('a') ~ ')'",
            texts(
                *((t, str(n + 1)) for n, t in enumerate(sorted("1 B _ a b é Ä z ~ aB ab 🛒 ä".split(), key=str.encode)))
            ),
        )
    ],
    "text_list": [
        Cases(
            "text_list('a', ', ')",
            texts(("b", "1, B, _, a, b, ä"), *((t, None) for t in ("ä", "B", "1", None, "a", "_"))),
            is_aggregate=True,
        ),
        Cases("text_list('a', '|')", texts((None, None)), is_aggregate=True),
    ],
    "matches": [
        Cases(
            "matches('a', '^[0-9]{2}(a|b)+$')",
            texts(
                ("12ab", "true"),
                ("12", "false"),
                ("x12a", "false"),
                ("12a\n", "false"),
                ("12a\n12a", "false"),
                (None, None),
            ),
        ),
        Cases("matches('a', '[^a]b')", texts(("xxb", "true"), ("\nb", "true"), ("ab", "false"), ("éb", "true"))),
        Cases("matches('a', '^[+-]?[.][0-9]*$')", texts(("+.5", "true"), ("15", "false"), (".٣", "false"))),
    ],
    "clean_text": [
        Cases(
            "clean_text('a')",
            texts(
                (" a b ", "a b"),
                ("\t\r\na\n", "a"),
                ("", None),
                (" \t\r\n", None),
                ("a", "a"),
                ("\u00a0", "\u00a0"),
                (" é\\ ", "é\\"),
                ("!", "!"),
                (None, None),
            ),
        ),
        Cases("clean_text('a')", [("5", "5"), ("null", None)], ("integer",)),
    ],
    "is_filled": [
        Cases("is_filled('a')", texts(("x", "true"), (" ", "false"), ("", "false"), ("NaN", "true"), (None, "false"))),
        Cases(
            "is_filled('a')",
            [("'nan'", "false"), ("'inf'", "false"), ("'-inf'", "false"), ("0", "true"), ("null", "false")],
            ("double precision",),
        ),
        Cases("is_filled('a')", [("'nan'", "false"), ("1.5", "true")], ("real",)),
        Cases("is_filled('a')", [("0", "true"), ("null", "false")], ("numeric(18, 2)",)),
    ],
    "is_text": [
        Cases("is_text('a')", texts(("x", "true"), ("", "true"), (None, "true"))),
        Cases("is_text('a')", [("1", "false"), ("null", "false")], ("bigint",)),
        Cases("is_text('a')", [("1.5", "false")], ("double precision",)),
        Cases("is_text('a')", [("1.5", "false")], ("numeric(18, 2)",)),
        Cases("is_text('a')", [("true", "false"), ("null", "false")], ("boolean",)),
        Cases("is_text('a')", [("'2024-02-29'", "false")], ("date",)),
    ],
    "parse_text": [
        Cases("parse_text('a')", texts((" a ", "a"), ("5.0", "5.0"), ("NaN", "NaN"), ("", None), (None, None))),
        Cases(
            "parse_text('a')",
            [
                ("5", "5"),
                ("5.5", "5.5"),
                ("-7", "-7"),
                ("1e6", "1000000"),
                ("4006381333931", "4006381333931"),
                ("1e15", "1000000000000000"),
            ]
            + [
                ("9007199254740993", "9007199254740992"),
                ("1e16", "1e+16"),
                ("1.5e20", "1.5e+20"),
                ("0.00001", "1e-05"),
                ("'nan'", None),
                ("'-inf'", None),
                ("null", None),
            ],
            ("double precision",),
        ),
        Cases(
            "parse_text('a')", [("5", "5"), ("0.1", "0.1"), ("1000000", "1000000"), ("12345678", "12345678")], ("real",)
        ),
        Cases("parse_text('a')", [("5", "5.00"), ("-0.5", "-0.50")], ("numeric(18, 2)",)),
        Cases("parse_text('a')", [("5", "5")], ("bigint",)),
        Cases("parse_text('a')", [("true", "true"), ("null", None)], ("boolean",)),
        Cases("parse_text('a')", [("'2024-02-29'", "2024-02-29")], ("date",)),
        Cases("parse_text('a')", [("'2024-02-29 12:30:00.5'", "2024-02-29 12:30:00.5")], ("timestamp",)),
    ],
    "parse_number": [
        Cases(
            "parse_number('a', 'numeric(18, 2)')",
            texts(
                ("1.005", "1.01"),
                ("-1.005", "-1.01"),
                ("1.00499999999999999999999999999999999999", "1.00"),
                ("-0.001", "0.00"),
                ("+5", "5.00"),
                (".5", "0.50"),
                ("5.", "5.00"),
                (".", None),
                (" 7 ", "7.00"),
                ("007", "7.00"),
                ("", None),
                (None, None),
                ("1e3", "1000.00"),
                ("1.2345E+2", "123.45"),
                ("5e-3", "0.01"),
                ("4e-3", "0.00"),
                ("1e99", None),
                ("1e100", None),
                ("1e-99", "0.00"),
                ("9999999999999999.99", "9999999999999999.99"),
                ("9999999999999999.994", "9999999999999999.99"),
                ("9999999999999999.995", None),
                ("-9999999999999999.995", None),
                ("12345678901234567890123456789012345678", None),
                ("1" + "0" * 60, None),
                ("0." + "0" * 60 + "1", "0.00"),
                ("0" * 60 + "1", "1.00"),
                ("abc", None),
                ("1,5", None),
                ("--1", None),
                ("1 000", None),
                ("0x10", None),
                ("NaN", None),
                ("Infinity", None),
                ("٣", None),
                ("1_000", None),
                ("e5", None),
            ),
        ),
        Cases(
            "parse_number('a', 'numeric(18, 6)')",
            texts(
                ("5e-7", "0.000001"),
                ("4.9e-7", "0.000000"),
                ("999999999999.9999994", "999999999999.999999"),
                ("999999999999.9999995", None),
            ),
        ),
        Cases(
            "parse_number('a', 'numeric(18, 2)')",
            [
                ("1.005", "1.01"),
                ("2.675", "2.68"),
                ("-2.675", "-2.68"),
                ("0.125", "0.13"),
                ("1e15", "1000000000000000.00"),
                ("1e16", None),
                ("1e300", None),
                ("1e-300", "0.00"),
            ]
            + [("'nan'", None), ("'inf'", None), ("null", None), ("123456789.12", "123456789.12")],
            ("double precision",),
        ),
        Cases(
            "parse_number('a', 'numeric(18, 6)')",
            [("0.1", "0.100000"), ("1234.567", "1234.567000"), ("123456789", "123456790.000000"), ("'nan'", None)],
            ("real",),
        ),
        Cases(
            "parse_number('a', 'numeric(18, 2)')",
            [("1.005", "1.01"), ("-1.005", "-1.01"), ("123456789012345678901.5", None), ("null", None)],
            ("numeric(38, 10)",),
        ),
        Cases("parse_number('a', 'numeric(18, 2)')", [("5", "5.00"), ("9223372036854775807", None)], ("bigint",)),
        Cases(
            "parse_number('a', 'numeric(18, 2)')", [("true", "1.00"), ("false", "0.00"), ("null", None)], ("boolean",)
        ),
    ],
    "parse_integer": [
        Cases(
            "parse_integer('a')",
            texts(
                ("5", "5"),
                ("-5.0", "-5"),
                ("5.00000000001", "5"),
                ("5.0000000001", None),
                ("5.5", None),
                ("1e2", "100"),
                ("15e-1", None),
                ("150e-1", "15"),
                ("2147483647", "2147483647"),
                ("2147483648", None),
                ("-2147483648", "-2147483648"),
                ("-2147483649", None),
                ("2147483647.00000000001", "2147483647"),
                ("1e99", None),
                ("x", None),
                ("", None),
                (None, None),
            ),
        ),
        Cases(
            "parse_integer('a')",
            [
                ("5", "5"),
                ("5.5", None),
                ("5.00000000001", "5"),
                ("3e9", None),
                ("-2147483648", "-2147483648"),
                ("'nan'", None),
                ("'inf'", None),
                ("1e300", None),
            ],
            ("double precision",),
        ),
        Cases("parse_integer('a')", [("5", "5"), ("5.5", None), ("16777216", "16777216")], ("real",)),
        Cases(
            "parse_integer('a')",
            [("5", "5"), ("5.000000000001", "5"), ("5.5", None), ("3000000000", None)],
            ("numeric(28, 12)",),
        ),
        Cases("parse_integer('a')", [("5", "5"), ("3000000000", None), ("null", None)], ("bigint",)),
        Cases("parse_integer('a')", [("true", "1"), ("false", "0")], ("boolean",)),
    ],
    "parse_date": [
        Cases(
            "parse_date('a')",
            texts(
                ("2024-02-29", "2024-02-29"),
                ("2023-02-29", None),
                ("1900-02-29", None),
                ("2000-02-29", "2000-02-29"),
                ("2024-04-31", None),
                (" 2024-01-05\n", "2024-01-05"),
                ("0001-01-01", "0001-01-01"),
                ("0000-12-31", None),
                ("9999-12-31", "9999-12-31"),
                ("10000-01-01", None),
                ("2024-13-01", None),
                ("2024-00-01", None),
                ("2024-01-00", None),
                ("2024-1-5", None),
                ("20240105", None),
                ("05.01.2024", None),
                ("2024-01-05 00:00:00", None),
                ("infinity", None),
                ("today", None),
                ("", None),
                (None, None),
            ),
        ),
        Cases(
            "parse_date('a')",
            [
                ("'2024-02-29'", "2024-02-29"),
                ("'infinity'", None),
                ("'-infinity'", None),
                ("date '9999-12-31' + 1", None),
                ("date '0001-01-01' - 1", None),
                ("null", None),
            ],
            ("date",),
        ),
        Cases(
            "parse_date('a')",
            [("'2024-02-29 23:59:59.999999'", "2024-02-29"), ("'infinity'", None), ("null", None)],
            ("timestamp",),
        ),
        Cases(
            "parse_date('a')",
            [
                ("'2024-02-29 22:59:59+00'", "2024-02-29"),
                ("'2024-02-29 23:00:00+00'", "2024-03-01"),
                ("'1880-01-01 12:00:00+00'", "1880-01-01"),
                ("'infinity'", None),
                ("null", None),
            ],
            ("timestamp with time zone",),
        ),
    ],
    "parse_timestamp": [
        Cases(
            "parse_timestamp('a')",
            texts(
                ("2024-02-29", "2024-02-29 00:00:00"),
                ("2024-02-29T10:11", "2024-02-29 10:11:00"),
                ("2024-02-29 10:11:12.5", "2024-02-29 10:11:12.5"),
                ("2023-12-31 23:59:59.9999999", "2023-12-31 23:59:59.999999"),
                ("2024-01-05 10:00:00.123456999", "2024-01-05 10:00:00.123456"),
                ("2024-01-05T10:00:00Z", "2024-01-05 11:00:00"),
                ("2024-07-05T10:00:00Z", "2024-07-05 12:00:00"),
                ("2024-01-05T10:00:00+02", "2024-01-05 09:00:00"),
                ("2024-01-05T10:00:00+0200", "2024-01-05 09:00:00"),
                ("2024-01-05 10:00:00-05:30", "2024-01-05 16:30:00"),
                ("2024-01-05 10:00+14:00", "2024-01-04 21:00:00"),
                ("2024-01-05 10:00+14:30", "2024-01-04 20:30:00"),
                ("2024-01-05 10:00+15:00", None),
                ("2024-03-31T01:00:00Z", "2024-03-31 03:00:00"),
                ("2024-03-31 02:30:00", "2024-03-31 02:30:00"),
                ("2024-10-27T00:30:00Z", "2024-10-27 02:30:00"),
                ("2024-10-27T01:30:00Z", "2024-10-27 02:30:00"),
                ("1880-01-01T12:00:00Z", "1880-01-01 12:53:28"),
                ("2024-02-29 24:00:00", None),
                ("2024-02-29 23:59:60", None),
                ("2024-02-29 10", None),
                ("2023-02-29 10:00:00", None),
                ("2024-02-29 10:00:00 +02", None),
                ("2024-02-29 10:00:00 CET", None),
                ("0000-01-01 00:00:00", None),
                ("0001-01-01 00:00:00", "0001-01-01 00:00:00"),
                ("1704448800", None),
                ("now", None),
                ("", None),
                (None, None),
            ),
        ),
        Cases(
            "parse_timestamp('a')",
            [("'2024-02-29 10:00:00.123456'", "2024-02-29 10:00:00.123456"), ("'infinity'", None), ("null", None)],
            ("timestamp",),
        ),
        Cases(
            "parse_timestamp('a')",
            [("'2024-02-29'", "2024-02-29 00:00:00"), ("'infinity'", None), ("null", None)],
            ("date",),
        ),
        Cases(
            "parse_timestamp('a')",
            [
                ("'2024-07-05 10:00:00+00'", "2024-07-05 12:00:00"),
                ("'1880-01-01 12:00:00+00'", "1880-01-01 12:53:28"),
                ("'infinity'", None),
                ("null", None),
            ],
            ("timestamp with time zone",),
        ),
    ],
    "parse_boolean": [
        Cases(
            "parse_boolean('a')",
            texts(
                ("true", "true"),
                ("T", "true"),
                (" Yes ", "true"),
                ("y", "true"),
                ("1", "true"),
                ("FALSE", "false"),
                ("f", "false"),
                ("no", "false"),
                ("N", "false"),
                ("0", "false"),
                ("on", None),
                ("2", None),
                ("1.0", None),
                ("", None),
                (None, None),
            ),
        ),
        Cases("parse_boolean('a')", [("true", "true"), ("false", "false"), ("null", None)], ("boolean",)),
        Cases("parse_boolean('a')", [("1", "true"), ("0", "false"), ("2", None)], ("integer",)),
        Cases(
            "parse_boolean('a')", [("1", "true"), ("0", "false"), ("0.5", None), ("'nan'", None)], ("double precision",)
        ),
    ],
}

# Not dispatched, but made of functions that engines read differently.
SAME_SQL = {
    "policy_text": [
        Cases(
            "policy_text('a')",
            texts(
                (" \t a b\r\n", "a b"),
                ("\u00a0a\u2003", "\u00a0a\u2003"),
                ("\v", "\v"),
                (" ", None),
                ("", None),
                (None, None),
            ),
        )
    ],
    "policy_number": [
        Cases(
            "policy_number('a')",
            texts(
                ("0.5", "0.500000"),
                ("1e-7", "0.000000"),
                ("5e-7", "0.000001"),
                ("999999999999.999999", "999999999999.999999"),
                ("999999999999.9999995", None),
                ("1e99", None),
                ("1e-99", "0.000000"),
                ("9" * 41, None),
                ("1,5", None),
                (None, None),
            ),
        )
    ],
    "policy_date": [
        Cases(
            "policy_date('a')",
            texts(
                ("2024-02-29", "2024-02-29"),
                ("2023-02-29", None),
                ("0000-01-01", None),
                ("2024-1-1", None),
                (None, None),
            ),
        )
    ],
    "period_index": [
        Cases(
            "period_index('a')",
            [("'2024-02-29'", "24290"), ("'0001-01-01'", "13"), ("null", None)],
            ("date",),
        )
    ],
}


def query(cases: Cases) -> str:
    """A select of the number and the value of each case; inputs are columns, so that no engine folds them."""
    names = "abc"[: len(cases.types)]
    lines = ", ".join(
        f"({number}, {', '.join(f'cast({value} as {kind})' for value, kind in zip(case, cases.types))})"
        for number, case in enumerate(cases.cases)
    )
    number = "0" if cases.is_aggregate else "number"
    value = "{{ " + cases.call + " }}"
    columns = ", ".join(names)
    return f"select {number}, cast({value} as text) from (values {lines} offset 0) as inputs (number, {columns})"


ALL = [(name, number, cases) for name, groups in (SHIMS | SAME_SQL).items() for number, cases in enumerate(groups)]
THREADS = "{{ limit_threads() }}"
# PostgreSQL has settings of its own, and gets no statement.
THREADS_NOW = {"duckdb": "current_setting('threads')", "postgres": "3"}
HASHES = """
select {{ row_hash(['a', 'b', 'c', 'd']) }}, {{ key_hash(['a', 'b']) }}
from (values
    ('x', cast(1 as numeric(18, 6)), cast('2024-01-01' as date), true),
    ('x', cast(1 as numeric(18, 6)), cast('2024-01-01' as date), true),
    ('x', cast(1 as numeric(18, 6)), cast('2024-01-01' as date), null),
    ('x', cast(1 as numeric(18, 6)), null, true),
    ('x', null, cast('2024-01-01' as date), true),
    (null, cast(1 as numeric(18, 6)), cast('2024-01-01' as date), true),
    ('X', cast(1 as numeric(18, 6)), cast('2024-01-01' as date), true),
    ('x', cast(2 as numeric(18, 6)), cast('2024-01-01' as date), true),
    ('x', cast(-1 as numeric(18, 6)), cast('2024-01-01' as date), true),
    ('x', cast(0 as numeric(18, 6)), cast('2024-01-01' as date), true),
    ('', cast(1 as numeric(18, 6)), cast('2024-01-01' as date), true),
    ('x,', cast(1 as numeric(18, 6)), cast('2024-01-01' as date), true),
    ('X', cast(3 as numeric(18, 6)), cast('2024-01-01' as date), true),
    ('y', cast(3 as numeric(18, 6)), cast('2024-01-01' as date), true),
    ('y', cast(1 as numeric(18, 6)), cast('2024-01-01' as date), true)
) as inputs (a, b, c, d)
"""


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def engine(request, tmp_path_factory):
    """Runs the queries: all of them are compiled at once, as dbt's start is what takes long."""
    server = request.getfixturevalue("postgres").database() if request.param == "postgres" else None
    inline = "\n;;\n".join([*(query(cases) for *_, cases in ALL), THREADS, HASHES])
    outcome = dbt(
        ["compile", "--inline", inline],
        tmp_path_factory.mktemp("shims"),
        variables={"timezone": ZONE},
        server=server,
        DUCKDB_THREADS=3,
    )
    *queries, threads, hashes = outcome.result.results[0].node.compiled_code.split("\n;;\n")
    queries = {(name, number): sql for (name, number, _), sql in zip(ALL, queries)} | {"hashes": hashes}
    queries["threads"] = f"{threads}; select {THREADS_NOW[request.param]}"
    if server is None:
        with duckdb.connect() as connection:
            connection.execute(f"set timezone = '{SESSION_ZONE}'")
            yield lambda what: connection.execute(queries[what]).fetchall()
    else:
        with closing(connect(server)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute(f"set timezone = '{SESSION_ZONE}'")

            def rows(what):
                cursor.execute(queries[what])
                return cursor.fetchall()

            yield rows


@pytest.mark.parametrize(("name", "number", "cases"), ALL, ids=[f"{name}-{number}" for name, number, _ in ALL])
def test_values(engine, name, number, cases):
    got = dict(engine((name, number)))
    wanted = {0: cases.cases[0][-1]} if cases.is_aggregate else {n: case[-1] for n, case in enumerate(cases.cases)}
    assert {cases.cases[n][:-1]: value for n, value in got.items()} == {
        cases.cases[n][:-1]: value for n, value in wanted.items()
    }


def test_hashes(engine):
    """Equal for equal content, others for others (NULLs count in a row's, and are no part of a key's)."""
    rows, keys = zip(*engine("hashes"))
    assert rows[0] == rows[1]
    assert len(set(rows)) == len(rows) - 1
    assert len(set(keys[:4])) == 1
    assert len({keys[0], *keys[6:]}) == 10
    # a sum over rows sees two values change places
    assert rows[6] + rows[13] != rows[12] + rows[14]


def test_a_statement_takes_as_many_cores_as_the_environment_says(engine):
    assert engine("threads") == [(3,)]


def test_every_shim_has_cases():
    dispatched = set()
    for file in (PROJECT / "macros" / "cross_db").glob("*.sql"):
        dispatched |= set(re.findall(r"adapter\.dispatch\('(\w+)'", file.read_text()))
    assert dispatched == SHIMS.keys() | NO_VALUE.keys()
