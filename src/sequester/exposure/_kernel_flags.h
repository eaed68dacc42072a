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
    HINT_SIGN = 16,   /* backslash, percent */
    HINT_AFTER = 32,  /* 0-7, u, U: what makes such a sign count */
    HINT_EQUALS = 64, /* counts before a line break */
    HINT_BREAK = 128
};

#define PAIRS 16

typedef struct {
    uint32_t flags;
    size_t token_end;  /* tokens before are done */
    size_t number_end; /* so are number runs */
    size_t open_token; /* length of the token at the end of the block before */
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

/* One bit per byte of a block of 64: its classes. */
typedef struct {
    uint64_t token, number, hex, gap, sign, after, equals, line_break, nul;
} seq_masks;

static SEQ_INLINE size_t leading_zeros(uint64_t bits)
{
#if defined(__GNUC__)
    return bits ? (size_t)__builtin_clzll(bits) : 64;
#else
    size_t count = 0;
    for (; count < 64 && !(bits << count >> 63); count++) {
    }
    return count;
#endif
}

/* Whether a token of one line ends here, that is, not with a line break. */
static inline bool ends_token(const uint8_t *s, size_t n, size_t at)
{
    return at >= n || (s[at] != '\n' && s[at] != '\r' && s[at] != '\\');
}

/* `before` is the length of the token that reaches into the block. Returns the length of the one that reaches out of it. */
static SEQ_INLINE size_t find_tokens(const uint8_t *s, size_t n, size_t at, uint64_t token, size_t before, seq_hints *hints)
{
    const size_t leading = trailing_zeros(~token);
    if (leading > 0 && before + leading >= 16 && at >= hints->token_end && !(hints->flags & FLAG_LONG_TOKEN)) {
        judge_token(s, n, at, hints);
    }
    uint64_t run = token & token >> 1; /* bits from which on 16 token characters stand */
    run &= run >> 2;
    run &= run >> 4;
    run &= run >> 8;
    while (run != 0 && !(hints->flags & FLAG_LONG_TOKEN)) {
        const size_t start = trailing_zeros(run);
        size_t end = start + trailing_zeros(~(token >> start));
        const bool brief = (start > 0 || before == 0) && end < 64 && end - start < 40 && ends_token(s, n, at + end);
        if (!brief && at + start >= hints->token_end) {
            judge_token(s, n, at + start, hints);
        }
        end = hints->token_end > at + end ? hints->token_end - at : end;
        run = end >= 64 ? 0 : run & ~UINT64_C(0) << end;
    }
    return leading_zeros(~token);
}

/* A run of 64 holds a whole aligned half of some block. */
static SEQ_INLINE void find_numbers(const uint8_t *s, size_t n, size_t at, uint64_t number, seq_hints *hints)
{
    const size_t half = (uint32_t)number == UINT32_MAX ? 0 : 32;
    if (half == 0 || number >> 32 == UINT32_MAX) {
        if (at + half >= hints->number_end && !(hints->flags & FLAG_NUMBERS)) {
            judge_numbers(s, n, at + half, hints);
        }
    }
}

static SEQ_INLINE void hint_block(const uint8_t *s, size_t n, size_t at, const seq_masks *masks, seq_hints *hints)
{
    const uint64_t last = UINT64_C(1) << 63; /* does not see what follows; count_sign does */
    hints->open_token = find_tokens(s, n, at, masks->token, hints->open_token, hints);
    find_numbers(s, n, at, masks->number, hints);
    uint64_t signs = (masks->sign & (masks->after >> 1 | last)) | (masks->equals & (masks->line_break >> 1 | last));
    for (; signs != 0; signs &= signs - 1) {
        count_sign(s, n, at + trailing_zeros(signs), hints);
    }
    const uint64_t pair = masks->hex & masks->hex >> 1 & masks->gap >> 2;
    uint64_t four = pair & pair >> 3;
    four &= four >> 6;
    for (four &= ~(four << 3); four != 0; four &= four - 1) {
        hints->flags |= pairs_around(s, n, at + trailing_zeros(four)) ? FLAG_ESCAPES : 0;
    }
    hints->flags |= masks->nul ? FLAG_ESCAPES : 0;
}

static inline uint64_t eight_bits(uint64_t kinds, int bit)
{
    return (kinds >> bit & UINT64_C(0x0101010101010101)) * UINT64_C(0x0102040810204080) >> 56;
}

static void hints_scalar(const uint8_t *s, size_t n, seq_hints *hints)
{
    for (size_t at = 0; at < n; at += 64) {
        seq_masks masks = {0};
        const size_t size = n - at < 64 ? n - at : 64;
        for (size_t i = 0; i < size; i += 8) {
            uint64_t kinds = 0;
            for (size_t k = i; k < i + 8 && k < size; k++) {
                const uint8_t c = s[at + k];
                kinds |= (uint64_t)(c < 0x80 ? tables.flag_classes[c] : 0) << (8 * (k - i));
                masks.nul |= c == 0;
            }
            masks.token |= eight_bits(kinds, 0) << i;
            masks.number |= eight_bits(kinds, 1) << i;
            masks.hex |= eight_bits(kinds, 2) << i;
            masks.gap |= eight_bits(kinds, 3) << i;
            masks.sign |= eight_bits(kinds, 4) << i;
            masks.after |= eight_bits(kinds, 5) << i;
            masks.equals |= eight_bits(kinds, 6) << i;
            masks.line_break |= eight_bits(kinds, 7) << i;
        }
        hint_block(s, n, at, &masks, hints);
    }
}

#if SEQ_X86

SEQ_AVX512 static void hints_avx512(const uint8_t *s, size_t n, seq_hints *hints)
{
    const __m512i low = _mm512_loadu_si512(tables.flag_classes), high = _mm512_loadu_si512(tables.flag_classes + 64);
    for (size_t at = 0; at < n; at += 64) {
        const uint64_t within = n - at >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << (n - at)) - 1;
        const __m512i block = _mm512_maskz_loadu_epi8(within, s + at);
        const uint64_t ascii = ~_mm512_movepi8_mask(block) & within;
        const __m512i kind = _mm512_maskz_permutex2var_epi8(ascii, low, block, high);
#define HINT_BITS(bit) _mm512_test_epi8_mask(kind, _mm512_loadu_si512(tables.bits[trailing_zeros(bit)]))
        const seq_masks masks = {
            .token = HINT_BITS(HINT_TOKEN),
            .number = HINT_BITS(HINT_NUMBER),
            .hex = HINT_BITS(HINT_HEX),
            .gap = HINT_BITS(HINT_GAP),
            .sign = HINT_BITS(HINT_SIGN),
            .after = HINT_BITS(HINT_AFTER),
            .equals = HINT_BITS(HINT_EQUALS),
            .line_break = _mm512_movepi8_mask(kind),
            .nul = _mm512_mask_testn_epi8_mask(within, block, block),
        };
#undef HINT_BITS
        hint_block(s, n, at, &masks, hints);
    }
}

SEQ_AVX2 static void hints_avx2(const uint8_t *s, size_t n, seq_hints *hints)
{
    const __m256i zero = _mm256_setzero_si256();
    for (size_t at = 0; at < n; at += 64) {
        const uint64_t within = n - at >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << (n - at)) - 1;
        const seq_halves block = load_avx2(s + at, n - at), kind = look_up_avx2(tables.flag_classes, block);
        const seq_masks masks = {
            .token = bit_avx2(kind, HINT_TOKEN),
            .number = bit_avx2(kind, HINT_NUMBER),
            .hex = bit_avx2(kind, HINT_HEX),
            .gap = bit_avx2(kind, HINT_GAP),
            .sign = bit_avx2(kind, HINT_SIGN),
            .after = bit_avx2(kind, HINT_AFTER),
            .equals = bit_avx2(kind, HINT_EQUALS),
            .line_break = bit_avx2(kind, HINT_BREAK),
            .nul = movemask_avx2(_mm256_cmpeq_epi8(block.left, zero), _mm256_cmpeq_epi8(block.right, zero)) & within,
        };
        hint_block(s, n, at, &masks, hints);
    }
}

#endif

static void find_hints(const uint8_t *s, size_t n, seq_hints *hints)
{
#if SEQ_X86
    if (tables.level == LEVEL_AVX512) {
        hints_avx512(s, n, hints);
        return;
    }
    if (tables.level == LEVEL_AVX2) {
        hints_avx2(s, n, hints);
        return;
    }
#endif
    hints_scalar(s, n, hints);
}

static uint32_t flags_of(const uint8_t *s, size_t n, const seq_normalised *counted)
{
    seq_hints hints = {0};
    find_hints(s, n, &hints);
    if (counted->odd >= 3 || hints.octal >= 8 || hints.unicode >= 4 || hints.breaks >= 2) {
        hints.flags |= FLAG_ESCAPES;
    }
    return hints.flags | (counted->wide >= 8 ? FLAG_WIDE : 0);
}

#endif
