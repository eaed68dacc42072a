import string
import unicodedata

import pytest

from sequester.exposure import folding


def _fold(text: str) -> str:
    return b"".join(folding.fold(ord(character)) for character in text).decode()


def test_nothing_folds_to_nothing() -> None:
    assert _fold("") == ""


def test_the_shipped_tables_are_those_that_the_rules_give() -> None:
    bmp, astral, expansions = folding.build()
    shipped = [folding.fold(code) for code in range(0x10000)]
    if unicodedata.unidata_version == folding.UNICODE:
        assert (bmp, astral, expansions) == (folding.BMP, folding.ASTRAL, folding.EXPANSIONS)
    else:  # rare scripts differ
        assert sum(a != b for a, b in zip(bmp, folding.BMP, strict=True)) < 2000
    assert sum(map(bool, shipped)) > 50_000


def test_ascii_keeps_letters_and_digits_only() -> None:
    assert _fold("".join(map(chr, range(128)))) == string.digits + string.ascii_lowercase + string.ascii_lowercase


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ÀÉîøŁ", "aei" + "øł"),
        ("Straße", "strasse"),
        ("ﬁnd ﬄ", "findffl"),
        ("Ｆｕｌｌ１２", "full12"),
        ("𝐁𝓸𝕝𝖉𝟡", "bold9"),
        ("рассwоrd", "paccword"),
        ("ΑΒοΤ", "abot"),
        ("٣४", "34"),
        ("e\u0301\u200b\ufeff\u00ad\ufe0f", "e"),
        ("— “quoted” → ■│✓", "quoted"),
        ("中文かなカナ한국", "中文かなカナ한국"),
        ("、。「」", ""),
        ("🄰🇺😀", "au"),
        ("\U000e0068\U000e0069", "hi"),
        ("\ue000\ufffd", ""),
        ("ʜɪᴅᴅᴇɴ ꜱᴍᴀʟʟ ᴄᴀᴘꜱ", "hiddensmallcaps"),
        ("ⓒⓘⓡⓒⓛⒺⒹ ⒫ℎℴ", "circledpho"),
        ("№ ① ⁴", ""),
        ("letĠmeĊsee", "letmesee"),
    ],
)
def test_folds(text: str, folded: str) -> None:
    assert _fold(text) == folded


def test_folding_never_lengthens_and_is_stable() -> None:
    for code in filter(folding.fold, range(0x20000)):
        folded = folding.fold(code)
        assert len(folded) <= (1 + (code >= 0x80) + (code >= 0x800) + (code >= 0x10000))
        assert _fold(folded.decode()).encode() == folded


def test_combining_marks_and_general_punctuation_vanish() -> None:
    symbols = [*range(0x2000, 0x2100), *range(0x2150, 0x249C), *range(0x24EA, 0x2C00)]
    assert not any(folding.fold(code) for code in [*range(0x300, 0x370), *symbols])


def test_kept_characters_are_letters_digits_or_vowel_signs() -> None:
    for code in filter(folding.fold, range(0x10000)):
        assert unicodedata.category(chr(code))[0] in "LNMS", hex(code)


def test_tables_have_the_shape_the_kernel_expects() -> None:
    assert folding.BMP.itemsize == 2
    assert len(folding.BMP) == 0x10000
    assert len(folding.ASTRAL) == 0x400 + 0x100 + 0x80
    assert len(folding.EXPANSIONS) % 4 == 0
    assert len(folding.packed_entities()) == 12 * len(folding.ENTITIES)
    assert max(map(len, folding.ENTITIES)) <= 8
    assert len(folding.packed_tags()) == 8 * len(folding.TAGS)
