"""People's names: when two spellings are the same name, and how a name sounds.

An ID number decides who somebody is and a name only confirms it, so the comparison forgives what
keyboards and systems do to names (the interpunct of minority names in any of its forms, full and
half width, spaces, letter case) and nothing else: 王芳 is not 王方.
"""

from __future__ import annotations

import os
import unicodedata

# Its dictionary of phrases is of no use for names, and takes 40 MB of every process.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")

from pypinyin import Style, lazy_pinyin

INTERPUNCT = "·"
# Everything that has been seen to stand for it: middle dots, bullets, a full stop, a hyphen.
_INTERPUNCTS = str.maketrans(dict.fromkeys("・･•‧∙⋅●．.｡。﹒᛫-－—_", INTERPUNCT))


def tidy_name(text: str) -> str:
    """As it is kept and shown: one interpunct, no stray spaces."""
    plain = unicodedata.normalize("NFKC", text).translate(_INTERPUNCTS)
    words = plain.split()
    joined = (" " if _latin(plain) else "").join(words)
    return joined.strip(INTERPUNCT)


def same_name(one: str, other: str) -> bool:
    return folded(one) == folded(other)


def pinyin(name: str) -> str:
    """The full spelling, a space, the initials: “wangxiaolan wxl”. What one types to find it."""
    syllables = [_letters(part) for part in lazy_pinyin(name, style=Style.NORMAL)]
    syllables = [part for part in syllables if part]
    return f"{''.join(syllables)} {''.join(part[0] for part in syllables)}"


def folded(name: str) -> str:
    """What two spellings of one name have in common, and nothing else has."""
    return tidy_name(name).replace(INTERPUNCT, "").replace(" ", "").casefold()


def _letters(text: str) -> str:
    return "".join(ch for ch in text.lower() if ch.isalnum())


def _latin(text: str) -> bool:
    return any("a" <= ch <= "z" for ch in text.lower())
