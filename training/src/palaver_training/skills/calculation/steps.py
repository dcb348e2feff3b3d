"""Worked steps of a calculation, each small enough to be done in one look."""

from __future__ import annotations


def added(a: int, b: int, chinese: bool) -> str:
    """The steps of ``a + b``, digit by digit with the carry."""
    if a < 10 and b < 10:
        return f"{a} + {b} = {a + b}"
    ones = a % 10 + b % 10
    carry = ones // 10
    low = f"{a % 10} + {b % 10} = {ones}"
    high = f"{a // 10} + {b // 10}"
    total = a // 10 + b // 10 + carry
    if carry:
        low += "，进 1" if chinese else ", carry 1"
        high += " + 1"
    return _columns(low, f"{high} = {total}", chinese) + f"\n{a} + {b} = {a + b}"


def subtracted(a: int, b: int, chinese: bool) -> str:
    """The steps of ``a - b``, digit by digit with the borrow; turned round if negative."""
    if a < b:
        turned = subtracted(b, a, chinese)
        return f"{a} < {b}\n{turned}\n{a} - {b} = {a - b}"
    if a < 10:
        return f"{a} - {b} = {a - b}"
    borrow = int(a % 10 < b % 10)
    top = a % 10 + 10 * borrow
    low = f"{top} - {b % 10} = {top - b % 10}"
    high = f"{a // 10} - {b // 10}"
    if borrow:
        low += "，借 1" if chinese else ", borrow 1"
        high += " - 1"
    total = a // 10 - b // 10 - borrow
    return _columns(low, f"{high} = {total}", chinese) + f"\n{a} - {b} = {a - b}"


def multiplied(a: int, b: int) -> str:
    """The steps of ``a × b``: tens and ones apart where the table does not reach."""
    if max(a, b) <= 12:
        return f"{a} × {b} = {a * b}"
    if max(a, b) % 10 == 0:
        return f"{max(a, b) // 10} × {min(a, b)} = {a * b // 10}\n{a} × {b} = {a * b}"
    return "\n".join((*split_product(a, b), f"{a} × {b} = {a * b}"))


def split_product(a: int, b: int) -> tuple[str, str, str]:
    """Tens, ones and their sum of the product of a two-digit and a one-digit number."""
    big, small = max(a, b), min(a, b)
    tens, ones = big // 10 * 10, big % 10
    return (
        f"{tens} × {small} = {tens * small}",
        f"{ones} × {small} = {ones * small}",
        f"{tens * small} + {ones * small} = {a * b}",
    )


def divided(a: int, b: int) -> str:
    """The steps of a division without remainder: the product it comes from."""
    return f"{b} × {a // b} = {a}\n{a} ÷ {b} = {a // b}"


def compared(a: int, b: int, chinese: bool) -> str:
    """The steps that lead to which of two numbers is larger."""
    tens, ones = ("十位：", "个位：") if chinese else ("tens: ", "ones: ")
    lines = []
    if max(a, b) > 9:
        lines.append(tens + relation(a // 10, b // 10))
    if a // 10 == b // 10:
        lines.append(ones + relation(a % 10, b % 10))
    return "\n".join((*lines, relation(a, b)))


def relation(a: int, b: int) -> str:
    """``a < b``, ``a > b`` or ``a = b``."""
    sign = "<" if a < b else ">" if a > b else "="
    return f"{a} {sign} {b}"


def _columns(low: str, high: str, chinese: bool) -> str:
    if chinese:
        return f"个位：{low}\n十位：{high}"
    return f"ones: {low}\ntens: {high}"
