"""The shape of `kind: Source`: which data file holds records, and how it is written."""

from __future__ import annotations

import codecs
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from reconciler.core.suggest import did_you_mean
from reconciler.manifests.document import Document
from reconciler.manifests.files import is_manifest

_ENCODING = re.compile(
    r"utf-(8|8-sig|(16|32)(-[lb]e)?)|ascii|(iso8859|mac|koi8)-\w+|cp\d+|shift_jis|euc_\w+|gb\w+|big5\w*"
)
"""Python's names of those that text files have. Others run code, or are no text."""
_COMMON_ENCODINGS = ("utf-8", "utf-16", "windows-1250", "windows-1251", "windows-1252", "iso-8859-1", "iso-8859-15")


def _data_file(value: str) -> str:
    steps = value.split("/")
    if not value.isprintable() or "\\" in value or any(step in ("", ".", "..") for step in steps):
        raise ValueError("expected a path below the manifests folder such as exports/hr.csv")
    if is_manifest(value):
        raise ValueError("a manifest is no data file")
    return value


def _encoding(value: str) -> str:
    try:
        name = codecs.lookup(value).name
    except (LookupError, ValueError):
        name = ""
    if not _ENCODING.fullmatch(name):
        raise ValueError(f"unknown encoding `{value}`{did_you_mean(value, _COMMON_ENCODINGS)}")
    return name


def _character(value: str) -> str:
    if len(value) != 1 or value in "\r\n":
        raise ValueError("expected one character")
    return value


def _delimiter(value: str) -> str:
    return "\t" if value in ("tab", "\\t") else _character(value)


def _separator(value: str) -> str:
    if not value:
        raise ValueError("expected what separates the values of a cell such as ;")
    return value


def _header(value: Any) -> Any:
    if value is True:
        return value
    if not isinstance(value, list) or not value or not all(isinstance(each, str) and each.strip() for each in value):
        raise ValueError("expected true, or the names of the columns where the file does not have them")
    if len(set(value)) < len(value):
        raise ValueError(f"two columns named `{next(each for each in value if value.count(each) > 1)}`")
    return value


def _steps(value: str) -> str:
    if not all(value.split(".")):
        raise ValueError("expected the key of a list such as value, or keys with dots between them such as d.results")
    return value


class CsvDocument(Document):
    """How a CSV file is written."""

    delimiter: Annotated[str, AfterValidator(_delimiter)] = ","
    quote: Annotated[str, AfterValidator(_character)] | None = '"'
    escape: Annotated[str, AfterValidator(_character)] | None = None
    header: Annotated[Literal[True] | tuple[str, ...], BeforeValidator(_header)] = True

    @model_validator(mode="after")
    def _distinct(self) -> CsvDocument:
        marks = [each for each in (self.delimiter, self.quote, self.escape) if each]
        if len(set(marks)) < len(marks):
            raise ValueError("`delimiter`, `quote` and `escape` must differ")
        return self


class SourceDocument(Document):
    """`kind: Source`."""

    kind: Literal["Source"]
    resource: Literal["User", "Group"]
    file: Annotated[str, AfterValidator(_data_file)]
    format: Literal["csv", "json", "jsonl"] | None = None
    encoding: Annotated[str, AfterValidator(_encoding)] = "utf-8"
    csv: CsvDocument = CsvDocument()
    records: Annotated[str, AfterValidator(_steps)] | None = None
    key: str
    rename: dict[str, str] = Field(default_factory=dict)
    constants: dict[str, Any] = Field(default_factory=dict)
    lists: dict[str, Annotated[str, AfterValidator(_separator)]] = Field(default_factory=dict)
    empty_cells: Literal["clear", "unmanaged"] = "clear"
    minimum_rows: Annotated[int, Field(ge=0, strict=True)] = 1
