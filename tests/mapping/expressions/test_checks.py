"""What is refused before there are values, and what is warned about."""

from __future__ import annotations

import pytest

from reconciler.mapping.expressions.parser import parse_expression
from reconciler.mapping.expressions.replacing import EXPECTED
from reconciler.mapping.expressions.syntax import ExpressionProblem

BARE_WORD = (
    'found the bare word `IgnoreAttributFlow`, expected `[IgnoreAttributFlow]` or `"IgnoreAttributFlow"`'
    "; did you mean `IgnoreAttributeFlow`?"
)
FORMAT = "`FormatDateTime(source, [dateTimeStyles], inputFormat, outputFormat)`"
DIGITS = "&H12345678901234567"
SWITCH = "`Switch(source, [defaultValue], key1, value1, ...)`"
VALUE = 'a function, an `[attribute]`, a "text" or a number'


@pytest.mark.parametrize(
    ("text", "wrong", "message"),
    [
        ("", "", f"found the end, expected {VALUE}"),
        ("Len(", "", "found the end, expected an argument or `,` or `)`"),
        ("Len([a]", "", "found the end, expected `,` or `)`"),
        ("Len([a]))", ")", "found `)`, expected the end"),
        ("Len([a]) x", "x", "found `x`, expected the end"),
        ("Len({)", "{", "found `{`, expected an argument or `,` or `)`"),
        ('Len("a)', '"a)', "the text that starts here has no closing quote"),
        ('Len("a\\")', '"a\\")', "the text that starts here has no closing quote"),
        ("Len([a)", "[a)", "the attribute that starts here has no closing `]`"),
        ("Len([ ])", "[ ]", "found `[]`, expected the name of an attribute in it"),
        ("Len(“a”)", "“", "found `“`, expected an argument or `,` or `)`; texts stand in straight double quotes"),
        ("Len('a')", "'", "found `'`, expected an argument or `,` or `)`; texts stand in straight double quotes"),
        ('IIF([a]=="b", 1, 2)', "=", f"found `=`, expected {VALUE}"),
        (
            'IIF([a]="b" && [c]="d", 1, 2)',
            "&",
            "found `&`, expected `,` or `)`; there is no AND: nest IIF in its second argument",
        ),
        (
            'IIF([a]="b" AND [c]="d", 1, 2)',
            "AND",
            "found `AND`, which is no operator: nest IIF in its second argument",
        ),
        ('IIF(([a]="b"), 1, 2)', "(", "found `(`, expected an argument or `,` or `)`"),
        (f"BitAnd({DIGITS}, 1)", DIGITS, f"found `{DIGITS}`, expected at most 16 digits"),
        ("Coalese([a])", "Coalese", "unknown function `Coalese`; did you mean `Coalesce`?"),
        ("Foo([a])", "Foo", "unknown function `Foo`"),
        ("department", "department", 'found the bare word `department`, expected `[department]` or `"department"`'),
        (
            "IgnoreAttributFlow",
            "IgnoreAttributFlow",
            BARE_WORD,
        ),
        ("now", "now", "found `now` alone, expected its arguments: `Now()`"),
        ("Append([a])", "Append([a])", "found 1 argument, expected 2: `Append(source, suffix)`"),
        ("Now([a], [b])", "[a], [b]", "found 2 arguments, expected 0: `Now()`"),
        ("ToLower([a], , [b])", "[b]", "found 3 arguments, expected 1 to 2: `ToLower(source, [culture])`"),
        ('Join(",")', 'Join(",")', "found 1 argument, expected at least 2: `Join(separator, source1, ...)`"),
        ("Append([a], )", "Append([a], )", "found nothing for suffix, expected a value: `Append(source, suffix)`"),
        ('Switch([a], , "x")', 'Switch([a], , "x")',
         f"found 3 arguments, expected an even number, as each key has a value: {SWITCH}"),
        ('FormatDateTime([a], "yyyy")', 'FormatDateTime([a], "yyyy")',
         f"found 2 arguments, expected 3 or 4: {FORMAT}"),
        ('FormatDateTime([a], , "yyyy")', 'FormatDateTime([a], , "yyyy")',
         f"found nothing for inputFormat, expected a value: {FORMAT}"),
        ('[a] = "b"', '[a] = "b"',
         "found a comparison with `=`, expected it as the condition of IIF or CBool only"),
        ('IIF(Len([a]) > 1, [b] <> "c", "d")', '[b] <> "c"',
         "found a comparison with `<>`, expected it as the condition of IIF or CBool only"),
        ('Append(SelectUniqueValue("a", "b"), "c")', 'SelectUniqueValue("a", "b")',
         "found SelectUniqueValue inside of another function, expected it around the whole only"),
        ("IIF(IgnoreFlowIfNullOrEmpty([a]), 1, 2)", "IgnoreFlowIfNullOrEmpty([a])",
         "found IgnoreFlowIfNullOrEmpty as a condition, which it can never be"),
        ('Append("a", IgnoreAttributeFlow)', "IgnoreAttributeFlow",
         "found IgnoreAttributeFlow inside of a value, expected it as a result only"),
        ('Append("a", vbTextCompare)', "vbTextCompare",
         "found vbTextCompare, expected it as the fourth argument of InStr only"),
        ('DateAdd("day", 1, Now())', '"day"',
         "DateAdd: expected an interval (yyyy, m, d, ww, h, n, s), found `day`"),
        ('DateDiff("yyy", Now(), Now())', '"yyy"',
         "DateDiff: expected an interval (yyyy, m, d, ww, h, n, s), found `yyy`; did you mean `yyyy`?"),
        ("Item([a], 0)", "0", "Item: expected the number of a value from 1 on, found `0`"),
        ('Mid([a], "0", 1)', '"0"', "Mid: expected a position from 1 on, found `0`"),
        ("Mid([a], 1, -1)", "-1", "Mid: expected a number from 0 on, found `-1`"),
        ('Left([a], "x")', '"x"', "Left: expected a number, found `x`"),
        ('InStr([a], "b", 1, "vbTextCompar")', '"vbTextCompar"',
         "InStr: expected vbBinaryCompare or vbTextCompare, found `vbTextCompar`; did you mean `vbTextCompare`?"),
        ('Split([a], "")', '""', "Split: expected a character to split at, found an empty text"),
        ('ToLower([a], "Turkish!")', '"Turkish!"',
         "ToLower: expected the name of a culture such as `en-US`, found `Turkish!`"),
        ('FormatDateTime([a], "AllowAll", "yyyy", "yyyy")', '"AllowAll"',
         "FormatDateTime: expected styles of .NET such as `AllowWhiteSpaces`, found `AllowAll`"),
        ('FormatDateTime([a], , "q", "yyyy")', '"q"', "FormatDateTime: `q` is no standard date format of .NET"),
        ("RandomString(257, 0, 0, 0, 0)", "257",
         "RandomString: expected a number of characters from 0 to 256, found `257`"),
        ('CDate("soon")', '"soon"', "CDate: `soon` is no date that can be read"),
        ('Append([a], DateFromNum("x"))', 'DateFromNum("x")', "DateFromNum: expected a number, found `x`"),
        ('Replace([a], , "\\\\+(\\"b", , "", , )', 'b"',
         'Replace: the pattern `\\+("b` is not valid: missing )'),
        ('Replace([a], , "(?<ab>x)", "abc", "", , )', '"abc"',
         "Replace: the pattern has no group `abc`; did you mean `ab`?"),
        ('Replace([a], "x")', 'Replace([a], "x")', f"found oldValue beside the source, expected {EXPECTED}"),
        ("Replace([a])", "Replace([a])", f"found nothing beside the source, expected {EXPECTED}"),
        ("a" * 10_001, "a", "found 10001 characters, expected at most 10000, as many as Entra takes"),
        ("Not(" * 101 + ")" * 101, "Not", "found more than 100 calls in one another, expected fewer"),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, wrong: str, message: str) -> None:
    with pytest.raises(ExpressionProblem) as caught:
        parse_expression(text)
    assert (str(caught.value), text[caught.value.start : caught.value.end]) == (message, wrong)


@pytest.mark.parametrize(
    ("text", "about", "message"),
    [
        ('switch([a], , "b", "c")', "switch", "`switch` is spelt `Switch` in Entra, where case matters"),
        (
            "IsNullorEmpty([a])",
            "IsNullorEmpty",
            "`IsNullorEmpty` is spelt `IsNullOrEmpty` in Entra, where case matters",
        ),
        ('Join("", [a]"b")', '"', "a comma is missing before this argument"),
        (
            'Switch(IsPresent([a]), , "True", "c")',
            "IsPresent([a])",
            'Microsoft advises against IsPresent as the source of Switch: use the key ""',
        ),
    ],
)
def test_what_is_warned_about(text: str, about: str, message: str) -> None:
    (warning,) = parse_expression(text).warnings
    assert (warning.message, text[warning.start : warning.end]) == (message, about)


def test_what_an_expression_tells() -> None:
    text = ' join( "" , [a.b], [urn:x:y] , isPresent( [A.b] ) , now() ) '
    expression = parse_expression(text)
    assert expression.attributes == {"a.b", "A.b", "urn:x:y"}
    assert expression.functions == {"Join", "IsPresent", "Now"}
    assert [each.message.split("`")[3] for each in expression.warnings] == ["Join", "IsPresent", "Now"]
    assert repr(expression) == f"Expression(text={text!r})"
    assert {expression, parse_expression(text)} == {expression}
    assert expression != parse_expression("[a]")


def test_trailing_commas_belong_to_the_syntax() -> None:
    for text in ("ToLower([a], , , )", 'Join("", [a], , )', 'Replace([a], "b", , , "c", , )', "Now( )"):
        assert parse_expression(text).warnings == ()


def test_nesting_as_deep_as_is_allowed() -> None:
    assert parse_expression("Not(" * 100 + "[a]" + ")" * 100).functions == {"Not"}
