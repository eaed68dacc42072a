/* The escape-invariant normaliser; normaliser.py states its rules and is its reference. */
#ifndef SEQUESTER_KERNEL_TEXT_H
#define SEQUESTER_KERNEL_TEXT_H

#include "_kernel_disguise.h"

typedef struct {
    uint8_t *out;
    size_t size;
    uint64_t odd;
    uint64_t wide;
    uint64_t disguised;
} seq_normalised;

/* Puts a Korean syllable together whose leading consonant stands before `at`; returns the offset after it. */
static size_t compose_syllable(const uint8_t *s, size_t n, size_t at, uint32_t *code)
{
    const seq_unit vowel = at < n ? unit_at(s, n, at) : (seq_unit){-1, 0, at};
    if (vowel.code < 0x1161 || vowel.code > 0x1175) {
        return at;
    }
    *code = 0xAC00 + ((*code - 0x1100) * 21 + (uint32_t)vowel.code - 0x1161) * 28;
    const seq_unit tail = vowel.end < n ? unit_at(s, n, vowel.end) : (seq_unit){-1, 0, 0};
    if (tail.code < 0x11A8 || tail.code > 0x11C2) {
        return vowel.end;
    }
    *code += (uint32_t)tail.code - 0x11A7;
    return tail.end;
}

/* One unit of the text, folded into the output; returns the offset after it. */
static size_t normalise_unit(const uint8_t *s, size_t n, size_t at, seq_normalised *result)
{
    seq_unit unit = unit_at(s, n, at);
    result->odd += unit.odd;
    if (unit.code < 0x80) {
        result->disguised += unit.end - at > PLAIN_ESCAPE;
        if (unit.code == '<') {
            size_t end = tag_end(s, n, unit.end);
            return end ? end : unit.end;
        }
        if (unit.code == 0x1B) {
            const size_t end = style_end(s, n, unit.end);
            result->disguised += end > unit.end && unit.end - at <= PLAIN_ESCAPE;
            return end;
        }
        if (unit.code < 0) {
            result->wide++;
        } else {
            uint8_t byte = tables.ascii[unit.code];
            result->out[result->size] = byte;
            result->size += byte != 0;
        }
        return unit.end;
    }
    uint32_t code = (uint32_t)unit.code;
    result->disguised += s[at] < 0x80 ? unit.end - at > PLAIN_ESCAPE : undisguised(code) != code;
    if (code >= 0x1100 && code < 0x1113) {
        unit.end = compose_syllable(s, n, unit.end, &code);
    }
    result->wide += code < 0xA0 || (code >= 0x3000 && code < 0xD800) || (code >= 0xE000 && code < 0x10000);
    result->size += write_folded(result->out + result->size, code);
    return unit.end;
}

/* The same for a character that most often needs no closer look. */
static inline size_t normalise_next(const uint8_t *s, size_t n, size_t at, seq_normalised *result)
{
    const uint8_t markup = CLASS_BACKSLASH | CLASS_PERCENT | CLASS_EQUALS | CLASS_MARKUP;
    const uint8_t c = s[at];
    if (c >= 0x80 || (tables.classes[c] & markup)) {
        return normalise_unit(s, n, at, result);
    }
    const uint8_t byte = tables.ascii[c];
    result->out[result->size] = byte;
    result->size += byte != 0;
    return at + 1;
}

static void normalise_scalar(const uint8_t *s, size_t n, seq_normalised *result)
{
    for (size_t at = 0; at < n;) {
        at = normalise_next(s, n, at, result);
    }
}

/* Normalises a text as far as needed: of some bytes of the result, in ascending order, says from which bytes [start, end) of the text each
 * came. Returns of how many. */
static size_t find_units(const uint8_t *s, size_t n, uint8_t *out, const uint32_t *asked, size_t count, uint32_t *units)
{
    seq_normalised result = {out, 0, 0, 0, 0};
    size_t found = 0;
    for (size_t at = 0; at < n && found < count;) {
        const size_t start = at;
        at = normalise_next(s, n, at, &result);
        for (; found < count && asked[found] < result.size; found++) {
            units[2 * found] = (uint32_t)start;
            units[2 * found + 1] = (uint32_t)at;
        }
    }
    return found;
}

#if SEQ_X86

#define SEQ_AHEAD 1024 /* bytes from what is read to what is asked for: texts are too short for the processor to foresee it */

/* Bits of a 64-byte block at which an escape, a tag or a non-ASCII character may start. The last two bytes of the block do not see what
 * follows, so there every sign counts; the scalar unit decides. */
static inline uint64_t special_bits(uint64_t backslash, uint64_t code, uint64_t hex, uint64_t upper, uint64_t percent,
                                    uint64_t equals, uint64_t markup, uint64_t space)
{
    const uint64_t last = UINT64_C(1) << 63, last_two = UINT64_C(3) << 62;
    uint64_t found = backslash & (code >> 1 | last);
    found |= percent & (hex >> 1 | last) & (hex >> 2 | last_two);
    found |= equals & (upper >> 1 | last) & (upper >> 2 | last_two);
    return found | (markup & ~(space >> 1));
}

SEQ_AVX512 static void normalise_avx512(const uint8_t *s, size_t n, seq_normalised *result)
{
    const __m512i fold_low = _mm512_loadu_si512(tables.ascii), fold_high = _mm512_loadu_si512(tables.ascii + 64);
    const __m512i class_low = _mm512_loadu_si512(tables.classes), class_high = _mm512_loadu_si512(tables.classes + 64);
    const __m512i escape = _mm512_set1_epi8((char)(CLASS_BACKSLASH | CLASS_PERCENT | CLASS_EQUALS));
    const __m512i escaped = _mm512_set1_epi8((char)(CLASS_CODE | CLASS_HEX)), space = _mm512_set1_epi8(0x20);
    uint8_t *out = result->out + result->size;
    size_t at = 0;
    while (at < n) {
        _mm_prefetch((const char *)((uintptr_t)(s + at) + SEQ_AHEAD), _MM_HINT_T0);
        const __mmask64 within = n - at >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << (n - at)) - 1;
        const __m512i block = _mm512_maskz_loadu_epi8(within, s + at);
        const __m512i bytes = _mm512_permutex2var_epi8(fold_low, block, fold_high);
        const __m512i kind = _mm512_permutex2var_epi8(class_low, block, class_high);
        const uint64_t high = _mm512_movepi8_mask(block);
#define CLASS_BITS(bit) _mm512_test_epi8_mask(kind, _mm512_loadu_si512(tables.bits[trailing_zeros(bit)]))
        const uint64_t backslash = CLASS_BITS(CLASS_BACKSLASH) & ~high, markup = CLASS_BITS(CLASS_MARKUP);
        const uint64_t blank = _mm512_cmple_epu8_mask(block, space), last = UINT64_C(1) << 63;
        uint64_t keep = _mm512_test_epi8_mask(bytes, bytes) & ~high & ~(backslash << 1 & CLASS_BITS(CLASS_NRT));
        /* Most blocks hold a sign, few one that counts. */
        uint64_t special = high | (_mm512_test_epi8_mask(kind, escape) & (_mm512_test_epi8_mask(kind, escaped) >> 1 | last)) |
                           (markup & ~(blank >> 1));
        if (special != 0) {
            special = high | special_bits(backslash, CLASS_BITS(CLASS_CODE), CLASS_BITS(CLASS_HEX), CLASS_BITS(CLASS_UPPER_HEX),
                                          CLASS_BITS(CLASS_PERCENT), CLASS_BITS(CLASS_EQUALS), markup, blank);
            special &= within;
        }
#undef CLASS_BITS
        keep &= (special ^ (special - 1)) >> (special != 0);
        _mm512_storeu_si512(out, _mm512_maskz_compress_epi8(keep, bytes));
        out += _mm_popcnt_u64(keep);
        if (special == 0) {
            at += 64;
            continue;
        }
        at += (size_t)_tzcnt_u64(special);
        result->size = (size_t)(out - result->out);
        do {
            at = normalise_unit(s, n, at, result);
        } while (at < n && s[at] >= 0x80);
        out = result->out + result->size;
    }
    result->size = (size_t)(out - result->out);
}

/* Of the 64 bytes of two halves, writes those whose bits are set; eight at a time. */
SEQ_AVX2 static inline void keep_avx2(seq_halves block, uint64_t keep, seq_normalised *result)
{
    uint8_t bytes[64];
    _mm256_storeu_si256((__m256i *)bytes, block.left);
    _mm256_storeu_si256((__m256i *)(bytes + 32), block.right);
    uint8_t *out = result->out + result->size;
    for (int i = 0; i < 64; i += 8) {
        const unsigned kept = (unsigned)(keep >> i) & 0xFF;
        const __m128i order = _mm_loadl_epi64((const __m128i *)tables.squeeze[kept]);
        _mm_storel_epi64((__m128i *)out, _mm_shuffle_epi8(_mm_loadl_epi64((const __m128i *)(bytes + i)), order));
        out += _mm_popcnt_u32(kept);
    }
    result->size = (size_t)(out - result->out);
}

SEQ_AVX2 static void normalise_avx2(const uint8_t *s, size_t n, seq_normalised *result)
{
    const __m256i any_sign = _mm256_set1_epi8((char)(CLASS_BACKSLASH | CLASS_PERCENT | CLASS_EQUALS | CLASS_MARKUP));
    const __m256i zero = _mm256_setzero_si256(), space = _mm256_set1_epi8(0x20);
    size_t at = 0;
    while (at < n) {
        _mm_prefetch((const char *)((uintptr_t)(s + at) + SEQ_AHEAD), _MM_HINT_T0);
        const seq_halves block = load_avx2(s + at, n - at);
        const seq_halves bytes = look_up_avx2(tables.ascii, block), kind = look_up_avx2(tables.classes, block);
        const uint64_t high = movemask_avx2(block.left, block.right);
        uint64_t keep = ~movemask_avx2(_mm256_cmpeq_epi8(bytes.left, zero), _mm256_cmpeq_epi8(bytes.right, zero));
        const __m256i left_sign = _mm256_and_si256(kind.left, any_sign), right_sign = _mm256_and_si256(kind.right, any_sign);
        if (high != 0 || !_mm256_testz_si256(_mm256_or_si256(left_sign, right_sign), any_sign)) {
            const uint64_t backslash = bit_avx2(kind, CLASS_BACKSLASH);
            const uint64_t blank = movemask_avx2(_mm256_cmpeq_epi8(_mm256_min_epu8(block.left, space), block.left),
                                                 _mm256_cmpeq_epi8(_mm256_min_epu8(block.right, space), block.right));
            uint64_t special = high | special_bits(backslash, bit_avx2(kind, CLASS_CODE), bit_avx2(kind, CLASS_HEX),
                                                   bit_avx2(kind, CLASS_UPPER_HEX), bit_avx2(kind, CLASS_PERCENT),
                                                   bit_avx2(kind, CLASS_EQUALS), bit_avx2(kind, CLASS_MARKUP), blank);
            special &= n - at >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << (n - at)) - 1;
            keep &= ~(backslash << 1 & bit_avx2(kind, CLASS_NRT));
            if (special != 0) {
                keep_avx2(bytes, keep & (special ^ (special - 1)) >> 1, result);
                at += (size_t)_tzcnt_u64(special);
                do {
                    at = normalise_unit(s, n, at, result);
                } while (at < n && s[at] >= 0x80);
                continue;
            }
        }
        keep_avx2(bytes, keep, result);
        at += 64;
    }
}

#endif

/* `out` must have room for n + SEQ_SLACK bytes. */
static seq_normalised normalise_text(const uint8_t *s, size_t n, uint8_t *out)
{
    seq_normalised result = {out, 0, 0, 0, 0};
#if SEQ_X86
    if (tables.level == LEVEL_AVX512) {
        normalise_avx512(s, n, &result);
        return result;
    }
    if (tables.level == LEVEL_AVX2) {
        normalise_avx2(s, n, &result);
        return result;
    }
#endif
    normalise_scalar(s, n, &result);
    return result;
}

#endif
