/* Hints at further decoding layers; flags.py states the rules and is their reference. */
#ifndef SEQUESTER_KERNEL_FLAGS_H
#define SEQUESTER_KERNEL_FLAGS_H

#include "_kernel_base85.h"
#include "_kernel_escapes.h"

typedef struct {
    uint32_t flags;
    size_t open_token, open_solid, open_number; /* lengths of the runs that reach out of the block before */
    size_t token_end; /* tokens before are done */
    size_t pair_end;  /* so are chains of hex pairs */
    seq_escapes escapes;
    bool foreign;
    seq_block *letters; /* room for one token */
} seq_hints;

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

/* Bits from which on 16 bits are set. */
static SEQ_INLINE uint64_t sixteen(uint64_t bits)
{
    bits &= bits >> 1;
    bits &= bits >> 2;
    bits &= bits >> 4;
    return bits & bits >> 8;
}

/* Whether 40 bits of a row of words are set in a row, and end in this word. *open: the bits before it. */
static SEQ_INLINE bool forty(uint64_t bits, size_t *open)
{
    const size_t leading = trailing_zeros(~bits), before = *open;
    const uint64_t run = sixteen(bits);
    *open = leading == 64 ? before + 64 : leading_zeros(~bits);
    return before + leading >= 40 || (run & run >> 16 & run >> 24) != 0;
}

/* The end of the token that begins at `at`. */
static size_t token_stop(const uint8_t *s, size_t n, size_t at)
{
    while (at < n) {
        uint64_t token;
        bits_of(tables.flag_classes, s + at, n - at < 64 ? n - at : 64, (const uint8_t[]){0}, 1, &token);
        if (token != ~UINT64_C(0)) {
            return at + trailing_zeros(~token);
        }
        at += 64;
    }
    return n;
}

/* Which of the letters keep to an alphabet for 40 of them, so many that they are worth decoding. */
typedef struct {
    bool upper32, lower32, hex;
} seq_alphabets;

static seq_alphabets long_alphabets(const uint8_t *letters, size_t n)
{
    size_t upper = 0, lower = 0, hex = 0; /* lengths of the runs that reach out of the word before */
    seq_alphabets found = {false, false, false};
    for (size_t at = 0; at < n; at += 64) {
        uint64_t bits[4];
        bits_of(tables.kinds, letters + at, n - at < 64 ? n - at : 64, (const uint8_t[]){0, 1, 2, 7}, 4, bits);
        found.upper32 |= forty(bits[0] | bits[2], &upper);
        found.lower32 |= forty(bits[1] | bits[2], &lower);
        found.hex |= forty(bits[3], &hex);
    }
    return found;
}

static void judge_letters(const uint8_t *letters, size_t n, seq_hints *hints)
{
    uint8_t *out = (uint8_t *)hints->letters->data + n;
    const seq_alphabets alphabets = long_alphabets(letters, n);
    hints->flags |= alphabets.upper32 ? judge_base32(letters, n, false, out) : 0;
    hints->flags |= alphabets.lower32 ? judge_base32(letters, n, true, out) : 0;
    hints->flags |= judge_base64(letters, n, out);
    for (size_t at = 0; alphabets.hex && at + HEX_RUN <= n;) {
        size_t end = at;
        while (end < n && hex_value(letters[end]) >= 0) {
            end++;
        }
        if (end - at >= HEX_RUN) {
            hints->flags |= judge_hex(letters + at, end - at, out);
        }
        at = end + 1;
    }
}

/* Takes out padding; returns what is left. */
static size_t without_pads(uint8_t *letters, size_t n)
{
    const uint8_t *first = memchr(letters, '=', n);
    size_t size = first != NULL ? (size_t)(first - letters) : n;
    for (size_t i = size; i < n; i++) {
        letters[size] = letters[i];
        size += letters[i] != '=';
    }
    return size;
}

/* Whether another chunk follows the one that ends at `stop`. */
static bool goes_on(const uint8_t *s, size_t n, size_t stop)
{
    uint64_t token;
    bits_of(tables.flag_classes, s + stop, n - stop < 64 ? n - stop : 64, (const uint8_t[]){0}, 1, &token);
    const uint64_t chunks = sixteen(token);
    return (chunks & ((UINT64_C(2) << LONGEST_BETWEEN) - 1)) != 0 && (chunks >> (between_end(s, n, stop) - stop) & 1);
}

/* Judges the token [start, end) with the chunks that go on after it, and remembers where they end. */
static void judge_token(const uint8_t *s, size_t n, size_t start, size_t end, seq_hints *hints)
{
    if (start < hints->token_end || (end - start < ALPHABET_RUN && !goes_on(s, n, end))) {
        return;
    }
    size_t characters = end - start, chunks = 1;
    for (;; chunks++) {
        const size_t chunk = between_end(s, n, end), stop = chunk > end ? token_stop(s, n, chunk) : chunk;
        if (stop - chunk < 16) {
            break;
        }
        characters += stop - chunk;
        end = stop;
    }
    hints->token_end = end;
    if (characters < ALPHABET_RUN) {
        return;
    }
    if (!ensure(hints->letters, 2 * characters)) {
        hints->flags |= FLAG_ARMOUR; /* not judged */
        return;
    }
    uint8_t *letters = hints->letters->data;
    size_t size = 0;
    for (size_t chunk = start; chunk < end; chunk = between_end(s, n, chunk)) {
        const size_t stop = chunks == 1 ? end : token_stop(s, end, chunk);
        memcpy(letters + size, s + chunk, stop - chunk);
        size += stop - chunk;
        chunk = stop;
    }
    judge_letters(letters, without_pads(letters, size), hints);
}

static void judge_numbers(const uint8_t *s, size_t n, size_t start, size_t end, seq_hints *hints)
{
    hints->flags |= judge_integers(s, n, start, end);
}

/* Judges the stretch [start, end) without blanks. */
static void judge_solid(const uint8_t *s, size_t n, size_t start, size_t end, seq_hints *hints)
{
    (void)n;
    hints->flags |= is_base85(s + start, end - start) ? FLAG_ARMOUR : 0;
}

/* A full line of uuencode: its length, then sixty characters without lower case. */
static bool full_uu_line(const uint8_t *s, size_t n, size_t at)
{
    if (at > 0 && s[at - 1] != '\n' && s[at - 1] != 0 && !(at > 1 && s[at - 1] == 'n' && s[at - 2] == '\\')) {
        return false;
    }
    at++;
    for (int i = 0; i < 60; i++, at++) {
        while (at + 1 < n && s[at] == '\\' && (s[at + 1] == '\\' || s[at + 1] == '"')) {
            at++;
        }
        if (at >= n || s[at] < 0x20 || s[at] > 0x60) {
            return false;
        }
    }
    return at >= n || s[at] == '\n' || s[at] == '\r' || s[at] == '\\' || s[at] == 0;
}

/* One bit per byte of a block of 64: its classes. */
typedef struct {
    uint64_t token, number, hex, gap, sign, after, solid, full, high, nul;
} seq_masks;

typedef void (*seq_judging)(const uint8_t *s, size_t n, size_t start, size_t end, seq_hints *hints);

/* Judges the runs of at least `fewest` (16 or more) bits that end in the block, *open of one before it. Always inlined. */
static SEQ_INLINE void end_runs(const uint8_t *s, size_t n, size_t at, uint64_t bits, size_t fewest, size_t *open, seq_judging judge,
                                seq_hints *hints)
{
    const size_t leading = trailing_zeros(~bits), before = *open;
    *open = leading == 64 ? before + 64 : leading_zeros(~bits);
    if (leading == 64) {
        return;
    }
    if (before + leading >= fewest) {
        judge(s, n, at - before, at + leading, hints);
    }
    bits &= bits + 1; /* those that begin in the block, */
    bits &= bits << *open >> *open; /* and end there */
    for (uint64_t run = fewest < 64 ? sixteen(bits) : 0; run != 0;) {
        const size_t start = trailing_zeros(run), size = trailing_zeros(~(bits >> start));
        if (size >= fewest) {
            judge(s, n, at + start, at + start + size, hints);
        }
        run &= ~UINT64_C(0) << (start + size);
    }
}

static SEQ_INLINE void hint_block(const uint8_t *s, size_t n, size_t at, const seq_masks *masks, seq_hints *hints)
{
    const uint64_t last = UINT64_C(1) << 63; /* does not see what follows; count_sign does */
    end_runs(s, n, at, masks->token, 16, &hints->open_token, judge_token, hints);
    end_runs(s, n, at, masks->number, NUMBERS_RUN, &hints->open_number, judge_numbers, hints);
    end_runs(s, n, at, masks->solid, WINDOW85, &hints->open_solid, judge_solid, hints);
    for (uint64_t signs = masks->sign & (masks->after >> 1 | last); signs != 0; signs &= signs - 1) {
        count_sign(s, n, at + trailing_zeros(signs), &hints->escapes);
    }
    for (uint64_t full = masks->full; full != 0; full &= full - 1) {
        hints->flags |= full_uu_line(s, n, at + trailing_zeros(full)) ? FLAG_ARMOUR : 0;
    }
    const uint64_t pair = masks->hex & masks->hex >> 1 & masks->gap >> 2;
    uint64_t four = pair & pair >> 3;
    four &= four >> 6;
    for (four &= ~(four << 3); four != 0; four &= four - 1) {
        if (at + trailing_zeros(four) + 1 >= hints->pair_end) {
            hints->flags |= judge_pairs(s, n, at + trailing_zeros(four), &hints->pair_end);
        }
    }
    hints->foreign |= bit_count(masks->high) >= 32;
    hints->flags |= masks->nul ? FLAG_ESCAPES : 0;
}

static void hints_scalar(const uint8_t *s, size_t n, seq_hints *hints)
{
    for (size_t at = 0; at <= n; at += 64) { /* runs end at the latest in a block behind the text */
        seq_masks masks = {0};
        const size_t size = n - at < 64 ? n - at : 64;
        for (size_t i = 0; i < size; i += 8) {
            uint64_t kinds = 0;
            for (size_t k = i; k < i + 8 && k < size; k++) {
                const uint8_t c = s[at + k];
                kinds |= (uint64_t)(c < 0x80 ? tables.flag_classes[c] : 0) << (8 * (k - i));
                masks.nul |= c == 0;
                masks.high |= (uint64_t)(c >> 7) << k;
            }
            masks.token |= eight_bits(kinds, 0) << i;
            masks.number |= eight_bits(kinds, 1) << i;
            masks.hex |= eight_bits(kinds, 2) << i;
            masks.gap |= eight_bits(kinds, 3) << i;
            masks.sign |= eight_bits(kinds, 4) << i;
            masks.after |= eight_bits(kinds, 5) << i;
            masks.solid |= eight_bits(kinds, 6) << i;
            masks.full |= eight_bits(kinds, 7) << i;
        }
        hint_block(s, n, at, &masks, hints);
    }
}

#if SEQ_X86

SEQ_AVX512 static void hints_avx512(const uint8_t *s, size_t n, seq_hints *hints)
{
    const __m512i low = _mm512_loadu_si512(tables.flag_classes), high = _mm512_loadu_si512(tables.flag_classes + 64);
    for (size_t at = 0; at <= n; at += 64) {
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
            .solid = HINT_BITS(HINT_SOLID),
            .full = _mm512_movepi8_mask(kind),
            .high = ~ascii & within,
            .nul = _mm512_mask_testn_epi8_mask(within, block, block),
        };
#undef HINT_BITS
        hint_block(s, n, at, &masks, hints);
    }
}

SEQ_AVX2 static void hints_avx2(const uint8_t *s, size_t n, seq_hints *hints)
{
    const __m256i zero = _mm256_setzero_si256();
    for (size_t at = 0; at <= n; at += 64) {
        const uint64_t within = n - at >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << (n - at)) - 1;
        const seq_halves block = load_avx2(s + at, n - at), kind = look_up_avx2(tables.flag_classes, block);
        const seq_masks masks = {
            .token = bit_avx2(kind, HINT_TOKEN),
            .number = bit_avx2(kind, HINT_NUMBER),
            .hex = bit_avx2(kind, HINT_HEX),
            .gap = bit_avx2(kind, HINT_GAP),
            .sign = bit_avx2(kind, HINT_SIGN),
            .after = bit_avx2(kind, HINT_AFTER),
            .solid = bit_avx2(kind, HINT_SOLID),
            .full = bit_avx2(kind, HINT_FULL),
            .high = movemask_avx2(block.left, block.right),
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

/* What the bytes of a text alone tell: flags, and whether many are not ASCII. */
typedef struct {
    uint32_t flags;
    bool foreign;
} seq_signs;

static seq_signs signs_of(const uint8_t *s, size_t n, seq_block *letters)
{
    seq_hints hints = {.letters = letters};
    find_hints(s, n, &hints);
    const seq_escapes *escapes = &hints.escapes;
    hints.flags |= escapes->octal >= 8 || escapes->unicode >= 4 || escapes->controls >= 4 ? FLAG_ESCAPES : 0;
    hints.flags |= escapes->in_rows ? FLAG_WIDE : 0;
    return (seq_signs){hints.flags, hints.foreign};
}

/* The flags of a text with these signs, whose normalisation counted what it did. */
static uint32_t flags_of(const uint8_t *s, size_t n, const seq_signs *signs, const seq_normalised *counted)
{
    const bool wide = !(signs->flags & FLAG_WIDE) && (signs->foreign || counted->wide >= 8) && foreign_rows(s, n);
    return signs->flags | (counted->odd >= ODD ? FLAG_ESCAPES : 0) | (wide ? FLAG_WIDE : 0);
}

#endif
