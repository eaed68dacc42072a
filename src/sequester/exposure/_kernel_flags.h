/* Hints at further decoding layers; flags.py states the rules and is their reference. */
#ifndef SEQUESTER_KERNEL_FLAGS_H
#define SEQUESTER_KERNEL_FLAGS_H

#include "_kernel_base85.h"

enum {
    HINT_TOKEN = 1,
    HINT_NUMBER = 2,
    HINT_HEX = 4,
    HINT_GAP = 8,   /* what sets hex pairs apart */
    HINT_SIGN = 16,   /* backslash, percent */
    HINT_AFTER = 32,  /* 0-7, u, U, x: what makes such a sign count */
    HINT_SOLID = 64, /* no blank, no control character */
    HINT_FULL = 128  /* M: begins a full line of uuencode */
};

#define PAIRS 16
#define MANY_PAIRS 256
#define NUMBERS_RUN 64 /* bytes */
#define LIST 12 /* integers */
#define BINARY_DIGITS 96
#define FOREIGN_LIST 12
#define FEWEST_FALLS 4

typedef struct {
    uint32_t flags;
    size_t open_token, open_solid, open_number; /* lengths of the runs that reach out of the block before */
    size_t token_end; /* tokens before are done */
    size_t pair_end;  /* so are chains of hex pairs */
    size_t octal, unicode, controls;
    size_t row, row_end, row_kind; /* of escaped characters that follow each other */
    bool foreign, in_rows;
    seq_block *letters; /* room for one token */
} seq_hints;

static inline uint8_t flag_class(const uint8_t *s, size_t n, size_t at)
{
    return at < n && s[at] < 0x80 ? tables.flag_classes[s[at]] : 0;
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

static void judge_letters(const uint8_t *letters, size_t n, seq_hints *hints)
{
    uint8_t *out = (uint8_t *)hints->letters->data + n;
    hints->flags |= judge_base32(letters, n, false, out) | judge_base32(letters, n, true, out);
    hints->flags |= judge_base64(letters, n, out);
    for (size_t at = 0; at + HEX_RUN <= n;) {
        size_t end = at + HEX_RUN;
        while (end > at && hex_value(letters[end - 1]) >= 0) {
            end--;
        }
        if (end > at) {
            at = end;
            continue;
        }
        for (end = at + HEX_RUN; end < n && hex_value(letters[end]) >= 0; end++) {
        }
        hints->flags |= judge_hex(letters + at, end - at, out);
        at = end;
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

/* Whether another chunk may follow the one that ends at `stop`. */
static inline bool may_go_on(const uint8_t *s, size_t n, size_t stop)
{
    const size_t next = between_end(s, n, stop);
    return next > stop && n - next >= 16 && (tables.kinds[s[next + 15]] & KIND_TOKEN) && (tables.kinds[s[next + 8]] & KIND_TOKEN);
}

/* Judges the token [start, end) with the chunks that go on after it, and remembers where they end. */
static void judge_token(const uint8_t *s, size_t n, size_t start, size_t end, seq_hints *hints)
{
    if (start < hints->token_end || (end - start < ALPHABET_RUN && !may_go_on(s, n, end))) {
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

/* What a run of integers may spell. */
typedef struct {
    size_t count, bytes, high, binary, prose, octal, foreign;
    size_t falls; /* since a row of them began; what counts up is no text */
    uint32_t before, script; /* of the letter before */
    bool tells;
} seq_integers;

/* The script of a letter: the 256 code points around it, one number for all of East Asia; 0 for Latin and whatever is no letter. */
static inline uint32_t script_of(uint32_t code)
{
    if (code >= 0x370 && code < 0x1200) {
        return code >> 8;
    }
    return (code >= 0x3000 && code < 0xD7A4) || (code >= 0xFF00 && code < 0xFFF0) ? 0x30 : 0;
}

static void judge_integer(const uint8_t *digits, size_t n, seq_integers *list)
{
    uint32_t value = 0, octal = 0;
    bool binary = n >= 7, is_octal = n == 3;
    for (size_t i = 0; i < n; i++) {
        const uint32_t digit = digits[i] - '0';
        value = value < 0x1000000 ? value * 10 + digit : value;
        octal = (octal << 3 | digit) & 0xFFFF;
        binary = binary && digit < 2;
        is_octal = is_octal && digit < 8;
    }
    list->count++;
    list->bytes += value < 256;
    list->high += value >= 128 && value < 256;
    list->binary += binary ? n : 0;
    list->prose = value < 0x80 && is_prose((uint8_t)value) ? list->prose + 1 : 0;
    list->octal = is_octal && octal < 0x80 && is_prose((uint8_t)octal) ? list->octal + 1 : 0;
    if (value != ' ' && value != '\n' && value != ',' && value != '.') { /* which stand between the words of every script */
        const uint32_t script = script_of(value);
        list->foreign = (script == list->script ? list->foreign : 0) + (script > 0);
        list->script = script;
    }
    const bool row = list->prose + list->octal + list->foreign > 0;
    list->falls = row ? list->falls + (value < list->before) : 0;
    list->before = value;
    list->tells = list->tells || (list->falls >= FEWEST_FALLS && (list->prose >= TEXT_RUN || list->octal >= TEXT_RUN || list->foreign >= FOREIGN_LIST));
}

/* Whether digits [at, end) are part of a number with a fraction other than zero. */
static bool is_fraction(const uint8_t *s, size_t n, size_t start, size_t at, size_t end)
{
    if (at > start && s[at - 1] == '.') {
        return true;
    }
    size_t next = end + 1;
    while (next < n && s[end] == '.' && s[next] == '0') {
        next++;
    }
    return next < n && s[end] == '.' && s[next] >= '1' && s[next] <= '9';
}

/* Judges the integers in [start, end). */
static void judge_numbers(const uint8_t *s, size_t n, size_t start, size_t end, seq_hints *hints)
{
    seq_integers list = {0};
    for (size_t at = start; at < end; at++) {
        size_t stop = at;
        while (stop < end && s[stop] >= '0' && s[stop] <= '9') {
            stop++;
        }
        if (stop > at && !is_fraction(s, n, start, at, stop)) {
            judge_integer(s + at, stop - at, &list);
        }
        at = stop;
    }
    const bool noise = list.bytes == list.count && list.count >= 48 && 4 * list.high >= list.count;
    hints->flags |= list.count >= LIST ? FLAG_NUMBERS : 0;
    hints->flags |= list.tells || noise || list.binary >= BINARY_DIGITS ? FLAG_DIGITS : 0;
}

/* Judges the chain of hex pairs, one character between each, that goes through `at`. */
static void judge_pairs(const uint8_t *s, size_t n, size_t at, seq_hints *hints)
{
    uint8_t bytes[256];
    size_t count = 0;
    while (at >= 3 && hex_pair(s, n, at - 3) >= 0 && (flag_class(s, n, at - 1) & HINT_GAP)) {
        at -= 3;
    }
    for (; hex_pair(s, n, at) >= 0; at += 3) {
        bytes[count % sizeof bytes] = (uint8_t)hex_pair(s, n, at);
        count++;
        if (count % sizeof bytes == 0 && tells_in_numbers(bytes, sizeof bytes)) {
            hints->flags |= FLAG_DIGITS;
        }
        if (!(flag_class(s, n, at + 2) & HINT_GAP)) {
            at += 2;
            break;
        }
    }
    hints->pair_end = at;
    if (count >= PAIRS && (count >= MANY_PAIRS || tells_in_numbers(bytes, count % sizeof bytes))) {
        hints->flags |= FLAG_DIGITS;
    }
}

/* Judges the stretch [start, end) without blanks. */
static void judge_solid(const uint8_t *s, size_t n, size_t start, size_t end, seq_hints *hints)
{
    (void)n;
    hints->flags |= is_base85(s + start, end - start) ? FLAG_ARMOUR : 0;
}

#define MISREAD 9
#define ODD 12
#define SELECTORS 8
#define BRAILLE 12
#define INVISIBLE 64
#define ROW_GAP 4 /* backslashes */

static inline bool is_misread(uint32_t code)
{
    return (code >= 0x80 && code < 0x144) || code == 0x152 || code == 0x153 || code == 0x160 || code == 0x161 || code == 0x178 ||
           code == 0x17D || code == 0x17E || code == 0x192 || code == 0x2C6 || code == 0x2DC || (code >= 0x2013 && code <= 0x203A) ||
           code == 0x20AC || code == 0x2122;
}

static inline bool is_ascii_pair(uint32_t code)
{
    return code < 0x10000 && code >> 8 != 0x25 && code != 0x2022 && is_printable((uint8_t)(code >> 8)) && is_printable((uint8_t)code);
}

/* Escaped characters that carry bytes, in a row: ASCII read as UTF-16, UTF-8 as one byte each, Braille, variation selectors, invisible ones. */
static void count_row(const uint8_t *s, int32_t code, size_t at, seq_hints *hints)
{
    static const size_t enough[] = {SIZE_MAX, PAIRS / 2, BRAILLE, 2 * SELECTORS, INVISIBLE, MISREAD};
    size_t kind = 0;
    if (code >= 0x2800 && code < 0x2900) {
        kind = 2;
    } else if ((code >= 0xFE00 && code < 0xFE10) || (code >= 0xDB40 && code < 0xE000)) {
        kind = 3;
    } else if ((code >= 0x200B && code <= 0x200D) || code == 0x2060 || (code >= 0x2062 && code <= 0x2064) || code == 0xFEFF) {
        kind = 4;
    } else if (code >= 0x80 && code < 0x140) {
        kind = 5;
    } else if (code >= 0x80 && is_ascii_pair((uint32_t)code)) {
        kind = 1;
    }
    const bool follows = at - hints->row_end <= ROW_GAP && skip(s, at, hints->row_end, "\\", 1) == at;
    hints->row = kind == hints->row_kind && follows ? hints->row + 1 : 1;
    hints->row_kind = kind;
    hints->row_end = at + 6;
    hints->in_rows |= hints->row >= enough[kind];
}

static inline bool is_control(int code)
{
    return code >= 0 && (code < 9 || (code >= 0x0E && code < 0x20 && code != 0x1B) || (code >= 0x7F && code < 0xA0));
}

static void count_sign(const uint8_t *s, size_t n, size_t at, seq_hints *hints)
{
    const uint8_t next = at + 1 < n ? s[at + 1] : 0;
    if (s[at] == '%') {
        hints->unicode += (next | 0x20) == 'u';
        return;
    }
    hints->octal += next >= '0' && next <= '7';
    if (next == 'x') {
        hints->controls += is_control(hex_pair(s, n, at + 2)) && hex_pair(s, n, at + 2) < 0x80;
    } else if (next == 'u') {
        const int32_t code = hex_number(s, n, at + 2, 4);
        hints->controls += code < 0x100 && is_control(code);
        count_row(s, code, at, hints);
    }
}

/* A full line of uuencode: its length, then sixty characters without lower case. */
static bool full_uu_line(const uint8_t *s, size_t n, size_t at)
{
    if (at > 0 && s[at - 1] != '\n' && !(at > 1 && s[at - 1] == 'n' && s[at - 2] == '\\')) {
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
    return at >= n || s[at] == '\n' || s[at] == '\r' || s[at] == '\\';
}

/* One bit per byte of a block of 64: its classes. */
typedef struct {
    uint64_t token, number, hex, gap, sign, after, solid, full, high, nul;
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

/* Bits from which on 16 bits are set. */
static SEQ_INLINE uint64_t sixteen(uint64_t bits)
{
    bits &= bits >> 1;
    bits &= bits >> 2;
    bits &= bits >> 4;
    return bits & bits >> 8;
}

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
        count_sign(s, n, at + trailing_zeros(signs), hints);
    }
    for (uint64_t full = masks->full; full != 0; full &= full - 1) {
        hints->flags |= full_uu_line(s, n, at + trailing_zeros(full)) ? FLAG_ARMOUR : 0;
    }
    const uint64_t pair = masks->hex & masks->hex >> 1 & masks->gap >> 2;
    uint64_t four = pair & pair >> 3;
    four &= four >> 6;
    for (four &= ~(four << 3); four != 0; four &= four - 1) {
        if (at + trailing_zeros(four) + 1 >= hints->pair_end) {
            judge_pairs(s, n, at + trailing_zeros(four), hints);
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

/* Whether characters misread or misused stand in a row: ASCII read as UTF-16, UTF-8 read as latin-1, bytes in invisible characters. */
static bool foreign_rows(const uint8_t *s, size_t n)
{
    size_t misread = 0, pairs = 0, selectors = 0, braille = 0, invisible = 0, odd = 0;
    for (size_t at = 0; at < n;) {
        if (s[at] < 0x80) {
            misread = pairs = selectors = braille = invisible = 0;
            at++;
            continue;
        }
        const seq_decoded found = utf8_at(s, n, at);
        const uint32_t code = found.code < 0 ? 0 : (uint32_t)found.code;
        odd += found.code < 0 || (code < 0xA0 && code != 0x85);
        misread = is_misread(code) ? misread + 1 : 0;
        pairs = is_ascii_pair(code) ? pairs + 1 : 0;
        selectors = (code >= 0xFE00 && code < 0xFE10) || (code >= 0xE0100 && code < 0xE01F0) ? selectors + 1 : 0;
        braille = code >= 0x2800 && code < 0x2900 ? braille + 1 : 0;
        invisible = (code >= 0x200B && code <= 0x200D) || code == 0x2060 || (code >= 0x2062 && code <= 0x2064) || code == 0xFEFF ? invisible + 1 : 0;
        if (misread == MISREAD || pairs == PAIRS / 2 || selectors == SELECTORS || braille == BRAILLE || invisible == INVISIBLE || odd == 8) {
            return true;
        }
        at = found.end;
    }
    return false;
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
    hints.flags |= hints.octal >= 8 || hints.unicode >= 4 || hints.controls >= 4 ? FLAG_ESCAPES : 0;
    hints.flags |= hints.in_rows ? FLAG_WIDE : 0;
    return (seq_signs){hints.flags, hints.foreign};
}

/* The flags of a text with these signs, whose normalisation counted what it did. */
static uint32_t flags_of(const uint8_t *s, size_t n, const seq_signs *signs, const seq_normalised *counted)
{
    const bool wide = !(signs->flags & FLAG_WIDE) && (signs->foreign || counted->wide >= 8) && foreign_rows(s, n);
    return signs->flags | (counted->odd >= ODD ? FLAG_ESCAPES : 0) | (wide ? FLAG_WIDE : 0);
}

#endif
