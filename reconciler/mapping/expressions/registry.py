"""The table of all functions: signatures, checks of constant arguments, and what carries them out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reconciler.mapping.expressions import casing, dates, generated, lists, logic, replacing, texts
from reconciler.mapping.expressions.inner import to_text, to_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reconciler.mapping.expressions.inner import Inner

    Converters = Mapping[int, Callable[[Inner], object]]


class Function(NamedTuple):
    """One function.

    `least`, `most`: how many arguments, most being None where there is no limit. `filled`: which of them must not be
    left empty. `constants`: argument -> what converts it, which a constant is tried with. `apply`: its values
    to its value; None: the compiler has a way of its own for it. `is_pure`: the same arguments give the same value.
    """

    signature: str
    least: int
    most: int | None
    filled: tuple[int, ...]
    apply: Callable[..., Inner] | None = None
    constants: Converters = {}  # noqa: RUF012
    is_pure: bool = True

    @property
    def name(self) -> str:
        """The function's name as Entra spells it."""
        return self.signature.partition("(")[0]

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of its parameters, brackets removed."""
        inside = self.signature.partition("(")[2].removesuffix(")")
        return tuple(each.strip(" []") for each in inside.split(",") if each.strip())


def _function(  # noqa: PLR0913
    signature: str,
    apply: Callable[..., Inner] | None = None,
    constants: Converters | None = None,
    *,
    least: int | None = None,
    filled: tuple[int, ...] | None = None,
    is_pure: bool = True,
) -> Function:
    """A function whose signature tells the number of arguments: `[x]` may be left out, `...` repeats."""
    inside = signature.partition("(")[2].removesuffix(")")
    written = [each.strip() for each in inside.split(",") if each.strip()]
    required = tuple(place for place, each in enumerate(written) if not each.startswith(("[", "...")))
    return Function(
        signature,
        len(required) if least is None else least,
        None if "..." in written else len(written),
        required if filled is None else filled,
        apply,
        constants or {},
        is_pure,
    )


_CULTURE: Converters = {1: casing.to_culture}
_INTERVAL: Converters = {0: dates.to_interval, 1: to_whole}
_AMOUNTS: Converters = dict.fromkeys(range(5), generated.to_amount)
_STRING = "RandomString(length, minimumNumbers, minimumSpecial, minimumCapital, minimumLowerCase, [charactersToAvoid])"
_REPLACE = (
    "Replace(source, [oldValue], [regexPattern], [regexGroupName], [replacementValue], [replacementAttributeName], "
    "[template])"
)

FUNCTIONS: dict[str, Function] = {
    function.name: function
    for function in (
        _function("Append(source, suffix)", texts.append),
        _function("AppRoleAssignments(appRoleAssignments)", lists.role_names),
        _function("AppRoleAssignmentsComplex(appRoleAssignments)", lists.role_objects),
        _function("AssertiveAppRoleAssignmentsComplex(appRoleAssignments)", lists.role_objects),
        _function("BitAnd(value1, value2)", logic.bit_and, {0: to_whole, 1: to_whole}),
        _function("CBool(expression)", logic.c_bool),
        _function("CDate(expression)", dates.to_date, {0: dates.to_date}),
        _function("Coalesce(source1, source2, ..., [defaultValue])", least=1, filled=()),
        _function("ConvertToBase64(source)", texts.convert_to_base64),
        _function("ConvertToUTF8Hex(source)", texts.convert_to_utf8_hex),
        _function("Count(attribute)", lists.count),
        _function("CStr(value)", texts.as_text),
        _function("DateAdd(interval, value, dateTime)", dates.date_add, _INTERVAL),
        _function("DateDiff(interval, date1, date2)", dates.date_difference, {0: dates.to_interval}),
        _function("DateFromNum(value)", dates.date_from_number),
        _function("DefaultDomain()", is_pure=False),
        _function(
            "FormatDateTime(source, [dateTimeStyles], inputFormat, outputFormat)",
            constants={1: dates.to_styles, 2: dates.to_layout, 3: dates.to_layout},
            is_pure=False,
        ),
        _function("Guid()", is_pure=False),
        _function("IgnoreFlowIfNullOrEmpty(expression)", is_pure=False),
        _function("IIF(condition, valueIfTrue, valueIfFalse)", filled=(0,)),
        _function(
            "InStr(value1, value2, [start], [compareType])",
            texts.position_in,
            {2: texts.to_start, 3: texts.to_comparison},
        ),
        _function("IsNothing(expression)", logic.is_nothing),
        _function("IsNull(expression)", logic.is_nothing),
        _function("IsNullOrEmpty(expression)", logic.is_null_or_empty),
        _function("IsPresent(expression)", logic.is_present),
        _function("IsString(expression)", logic.is_string),
        _function("Item(attribute, index)", lists.item, {1: lists.to_index}),
        _function("Join(separator, source1, ...)", filled=()),
        _function("Left(source, count)", texts.left, {1: to_whole}),
        _function("Len(source)", texts.length_of),
        _function("Mid(source, start, length)", texts.mid, {1: texts.to_start, 2: texts.to_length}),
        _function("NormalizeDiacritics(source)", casing.normalize_diacritics),
        _function("Not(source)", logic.negated),
        _function("Now()", is_pure=False),
        _function("NumFromDate(value)", dates.number_from_date),
        _function("PCase(source, [wordSeparators])", casing.proper_case),
        _function("Prepend(prefix, source)", texts.prepend),
        _function(_STRING, constants=_AMOUNTS, is_pure=False),
        _function("Redact(value)", logic.identity),
        _function("RemoveDuplicates(attribute)", lists.remove_duplicates),
        _function(_REPLACE, constants={1: replacing.to_old, 2: replacing.to_pattern}),
        _function("SelectUniqueValue(rule1, rule2, ...)"),
        _function("SingleAppRoleAssignment(appRoleAssignments)", lists.single_role),
        _function("Split(source, delimiter)", texts.split, {1: texts.to_delimiter}),
        _function("StripSpaces(source)", texts.strip_spaces),
        _function("Switch(source, [defaultValue], key1, value1, ...)", least=2, filled=(0,)),
        _function("ToLower(source, [culture])", casing.to_lower, _CULTURE),
        _function("ToUpper(source, [culture])", casing.to_upper, _CULTURE),
        _function("Word(source, number, delimiters)", texts.word, {1: to_whole, 2: to_text}),
    )
}
"""Name -> function, in the order of the alphabet."""

SPELLINGS = {name.lower(): name for name in FUNCTIONS}
