/* Hints at further decoding layers; flags.py states the rules and is their reference. */
#ifndef SEQUESTER_KERNEL_FLAGS_H
#define SEQUESTER_KERNEL_FLAGS_H

#include "_kernel_text.h"

enum { FLAG_LONG_TOKEN = 1, FLAG_NUMBERS = 2, FLAG_ESCAPES = 4, FLAG_WIDE = 8 };

enum {
    HINT_TOKEN = 1,
    HINT_NUMBER = 2,
    HINT_HEX = 4,
    HINT_GAP = 8,   /* what sets hex pairs apart */
    HINT_SIGN = 16, /* backslash, percent, equals */
    HINT_AFTER = 32 /* 0-7, u, U, newline, carriage return: what makes a sign count */
};

#define PAIRS 16

typedef struct {
    uint32_t flags;
    size_t token_end;  /* tokens before are done */
    size_t number_end; /* so are number runs */
    size_t octal, unicode, breaks;
} seq_hints;

static inline uint8_t flag_class(const uint8_t *s, size_t n, size_t at)
{
    return at < n && s[at] < 0x80 ? tables.flag_classes[s[at]] : 0;
}

static inline size_t line_break_end(const uint8_t *s, size_t n, size_t at)
{
    size_t end = at;
    for (;;) {
        if (end < n && (s[end] == '\n' || s[end] == '\r')) {
            end++;
            continue;
        }
        size_t letter = skip(s, n, end, "\\", 1);
        if (letter == end || letter >= n || (s[letter] != 'n' && s[letter] != 'r')) {
            break;
        }
        end = letter + 1;
    }
    if (end == at) {
        return at;
    }
    while (end < n && (s[end] == ' ' || s[end] == '\t')) {
        end++;
    }
    return end;
}

/* Judges the token around `at` (a token character); sets the flag or remembers where it ends. */
static void judge_token(const uint8_t *s, size_t n, size_t at, seq_hints *hints)
{
    size_t start = at;
    while (start > hints->token_end && (flag_class(s, n, start - 1) & HINT_TOKEN)) {
        start--;
    }
    size_t end = start, characters = 0, letters = 0;
    bool digit = false, lower = false, upper = false;
    for (size_t line = start;;) {
        size_t stop = line;
        while (flag_class(s, n, stop) & HINT_TOKEN) {
            stop++;
        }
        if (stop - line < 16) {
            break;
        }
        if (line == start && stop - line < 40 && (stop == n || (s[stop] != '\n' && s[stop] != '\r' && s[stop] != '\\'))) {
            end = stop; /* one line, and too short */
            break;
        }
        for (size_t i = line; i < stop; i++) {
            letters += is_alnum(s[i]);
            digit |= s[i] >= '0' && s[i] <= '9';
            lower |= s[i] >= 'a' && s[i] <= 'z';
            upper |= s[i] >= 'A' && s[i] <= 'Z';
        }
        characters += stop - line;
        end = stop;
        line = line_break_end(s, n, stop);
        if (line == stop) {
            break;
        }
    }
    hints->token_end = end > at ? end : at + 1;
    if (characters >= 40 && 4 * letters >= 3 * characters && (digit || (lower && upper))) {
        hints->flags |= FLAG_LONG_TOKEN;
    }
}

static void judge_numbers(const uint8_t *s, size_t n, size_t at, seq_hints *hints)
{
    size_t start = at, digits = 0;
    while (start > hints->number_end && (flag_class(s, n, start - 1) & HINT_NUMBER)) {
        start--;
    }
    size_t end = start;
    while (flag_class(s, n, end) & HINT_NUMBER) {
        digits += s[end] >= '0' && s[end] <= '9';
        end++;
    }
    hints->number_end = end > at ? end : at + 1;
    if (end - start >= 64 && digits >= 24) {
        hints->flags |= FLAG_NUMBERS;
    }
}

/* Whether PAIRS hex pairs, one character between each, start at `at`. */
static bool pairs_at(const uint8_t *s, size_t n, size_t at)
{
    if (n - at < 3 * PAIRS - 1) {
        return false;
    }
    for (size_t i = 0; i < PAIRS; i++) {
        if (hex_pair(s, n, at + 3 * i) < 0 || (i + 1 < PAIRS && !(flag_class(s, n, at + 3 * i + 2) & HINT_GAP))) {
            return false;
        }
    }
    return true;
}

/* The same for the chain of pairs that goes through `at`. */
static bool pairs_around(const uint8_t *s, size_t n, size_t at)
{
    for (size_t i = 0; i < PAIRS && at >= 3 && hex_pair(s, n, at - 3) >= 0 && (flag_class(s, n, at - 1) & HINT_GAP); i++) {
        at -= 3;
    }
    return pairs_at(s, n, at);
}

static void count_sign(const uint8_t *s, size_t n, size_t at, seq_hints *hints)
{
    uint8_t next = at + 1 < n ? s[at + 1] : 0;
    hints->octal += s[at] == '\\' && next >= '0' && next <= '7';
    hints->unicode += s[at] == '%' && (next | 0x20) == 'u';
    hints->breaks += s[at] == '=' && (next == '\n' || next == '\r');
}

static void hints_scalar(const uint8_t *s, size_t n, seq_hints *hints)
{
    size_t token = 0, number = 0;
    for (size_t at = 0; at < n; at++) {
        uint8_t kind = flag_class(s, n, at);
        token = kind & HINT_TOKEN ? token + 1 : 0;
        number = kind & HINT_NUMBER ? number + 1 : 0;
        if (token >= 16 && at >= hints->token_end && !(hints->flags & FLAG_LONG_TOKEN)) {
            judge_token(s, n, at, hints);
        }
        if (number >= 64 && at >= hints->number_end && !(hints->flags & FLAG_NUMBERS)) {
            judge_numbers(s, n, at, hints);
        }
        if (kind & HINT_SIGN) {
            count_sign(s, n, at, hints);
        } else if (s[at] == 0) {
            hints->flags |= FLAG_ESCAPES;
        } else if ((kind & HINT_HEX) && !(hints->flags & FLAG_ESCAPES)) {
            if (pairs_at(s, n, at)) {
                hints->flags |= FLAG_ESCAPES;
            }
        }
    }
}

#if SEQ_X86

SEQ_AVX512 static void hints_avx512(const uint8_t *s, size_t n, seq_hints *hints)
{
    const __m512i low = _mm512_loadu_si512(tables.flag_classes), high = _mm512_loadu_si512(tables.flag_classes + 64);
    size_t number = 0, trailing = 0;
    for (size_t at = 0; at < n; at += 64) {
        uint64_t within = n - at >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << (n - at)) - 1;
        __m512i block = _mm512_maskz_loadu_epi8(within, s + at);
        uint64_t ascii = ~_mm512_movepi8_mask(block) & within;
        __m512i kind = _mm512_maskz_permutex2var_epi8(ascii, low, block, high);
#define HINT_BITS(bit) _mm512_test_epi8_mask(kind, _mm512_set1_epi8((char)(bit)))
        uint64_t token = HINT_BITS(HINT_TOKEN);
        size_t leading = (size_t)_tzcnt_u64(~token);
        if (leading > 0 && trailing + leading >= 16 && at >= hints->token_end && !(hints->flags & FLAG_LONG_TOKEN)) {
            judge_token(s, n, at, hints);
        }
        trailing = (size_t)_lzcnt_u64(~token);
        uint64_t run = token & token >> 1;
        run &= run >> 2;
        run &= run >> 4;
        run &= run >> 8;
        while (run != 0 && !(hints->flags & FLAG_LONG_TOKEN)) {
            size_t offset = (size_t)_tzcnt_u64(run);
            if (at + offset >= hints->token_end) {
                judge_token(s, n, at + offset, hints);
            }
            run = hints->token_end - at >= 64 ? 0 : run & ~UINT64_C(0) << (hints->token_end - at);
        }
        uint64_t numbers = HINT_BITS(HINT_NUMBER);
        if (numbers == ~UINT64_C(0)) {
            number += 64;
        } else {
            number += (size_t)_tzcnt_u64(~numbers);
            if (number >= 64 && at >= hints->number_end) {
                judge_numbers(s, n, at ? at - 1 : 0, hints);
            }
            number = (size_t)_lzcnt_u64(~numbers);
        }
        uint64_t signs = HINT_BITS(HINT_SIGN) & (HINT_BITS(HINT_AFTER) >> 1 | UINT64_C(1) << 63);
        for (; signs != 0; signs &= signs - 1) {
            count_sign(s, n, at + (size_t)_tzcnt_u64(signs), hints);
        }
        if (!(hints->flags & FLAG_ESCAPES)) {
            uint64_t hex = HINT_BITS(HINT_HEX);
            uint64_t pair = hex & hex >> 1 & HINT_BITS(HINT_GAP) >> 2;
            uint64_t four = pair & pair >> 3;
            four &= four >> 6;
            for (four &= ~(four << 3); four != 0; four &= four - 1) {
                hints->flags |= pairs_around(s, n, at + (size_t)_tzcnt_u64(four)) ? FLAG_ESCAPES : 0;
            }
            if (_mm512_mask_testn_epi8_mask(within, block, block) != 0) {
                hints->flags |= FLAG_ESCAPES;
            }
        }
#undef HINT_BITS
    }
    if (number >= 64 && n - 1 >= hints->number_end) {
        judge_numbers(s, n, n - 1, hints);
    }
}

#endif

static uint32_t flags_of(const uint8_t *s, size_t n, const seq_normalised *counted)
{
    seq_hints hints = {0, 0, 0, 0, 0, 0};
#if SEQ_X86
    if (tables.level == LEVEL_AVX512) {
        hints_avx512(s, n, &hints);
    } else {
        hints_scalar(s, n, &hints);
    }
#else
    hints_scalar(s, n, &hints);
#endif
    if (counted->odd >= 3 || hints.octal >= 8 || hints.unicode >= 4 || hints.breaks >= 2) {
        hints.flags |= FLAG_ESCAPES;
    }
    return hints.flags | (counted->wide >= 8 ? FLAG_WIDE : 0);
}

#endif
