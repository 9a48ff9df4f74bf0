"""Values that Entra makes up by chance, here derived from the record's key, so that a plan is the same tomorrow.

They are not secret: who knows the key can work them out.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from reconciler.mapping.expressions.inner import Unfit, shown, to_text, to_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.mapping.expressions.inner import Inner
    from reconciler.mapping.expressions.values import Surroundings

LONGEST = 256
_KINDS = (
    "0123456789",
    "~!@#$%^&*_-+=`|\\(){}[]:;\"'<>,.?/",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "abcdefghijklmnopqrstuvwxyz",
)
"""Numbers, special characters, capitals, lower case: the characters of Windows' password rules."""


def _seed(surroundings: Surroundings, number: int, round_: int = 0) -> bytes:
    text = "\0".join((surroundings.key, surroundings.target, str(number), str(round_)))
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def guid(surroundings: Surroundings, number: int) -> str:
    """A UUID of version 8 (RFC 9562 §5.8); `number` tells the calls in one expression apart."""
    digits = bytearray(_seed(surroundings, number)[:16])
    digits[6] = digits[6] & 0x0F | 0x80
    digits[8] = digits[8] & 0x3F | 0x80
    text = digits.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def to_amount(value: Inner) -> int:
    """A number of characters of a random string."""
    amount = to_whole(value)
    if not 0 <= amount <= LONGEST:
        raise Unfit(f"expected a number of characters from 0 to {LONGEST}, found {shown(value)}")
    return amount


def random_string(surroundings: Surroundings, number: int, *arguments: Inner) -> Inner:
    """`length, numbers, special characters, capitals, lower case, [characters to avoid]`: at least so many of each.

    What is left is of the kinds that are asked for, or of letters and digits where none is.
    """
    length, *least = (to_amount(each) for each in arguments[:5])
    avoided = to_text(arguments[5]) if len(arguments) > 5 else ""  # noqa: PLR2004
    if sum(least) > length:
        raise Unfit(f"expected a length of at least {sum(least)}, the sum of the minimums, found {length}")
    kinds = ["".join(each for each in kind if each not in avoided) for kind in _KINDS]
    asked = [kind for kind, minimum in zip(kinds, least, strict=True) if minimum] or [kinds[0], *kinds[2:]]
    if any(not kind for kind in asked):
        raise Unfit("the characters to avoid leave none of a kind that is asked for")
    chance = _Chance(surroundings, number)
    drawn = [chance.draw(kind) for kind, minimum in zip(kinds, least, strict=True) for _ in range(minimum)]
    drawn += [chance.draw("".join(asked)) for _ in range(length - len(drawn))]
    return "".join(drawn.pop(chance.below(len(drawn))) for _ in range(length))


class _Chance:
    """Numbers that look drawn by chance, from hashes of the seed and a count."""

    def __init__(self, surroundings: Surroundings, number: int) -> None:
        self._surroundings = surroundings
        self._number = number
        self._round = 0

    def below(self, limit: int) -> int:
        self._round += 1
        return int.from_bytes(_seed(self._surroundings, self._number, self._round)[:8]) % limit

    def draw(self, characters: Sequence[str]) -> str:
        return characters[self.below(len(characters))]
