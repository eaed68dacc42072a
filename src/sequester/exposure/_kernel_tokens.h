/* What an unbroken token may hide: it is decoded, and what comes out is judged; flags.py states the rules and is their reference. */
#ifndef SEQUESTER_KERNEL_TOKENS_H
#define SEQUESTER_KERNEL_TOKENS_H

#include "_kernel_memory.h"
#include "_kernel_text.h"

enum {
    FLAG_ARMOUR = 1,
    FLAG_PACKED = 2,
    FLAG_NUMBERS = 4,
    FLAG_DIGITS = 8,
    FLAG_ESCAPES = 16,
    FLAG_WIDE = 32,
    FLAG_REARRANGED = 64,
    FLAG_DUMP = 128,
    FLAG_CUT = 256, /* shifted by the way of cutting */
    FLAG_DISGUISED = 131072,
    FLAG_KEYED = 262144,
    UNFOLDED = FLAG_ARMOUR | FLAG_DIGITS | FLAG_ESCAPES | FLAG_WIDE | FLAG_REARRANGED
};

#define ALPHABET_RUN 40
#define TEXT_RUN 18
#define MIXED_RUN 24
#define LARGEST_ID (1 << 19)
#define WORDS 16
#define FEWEST_WORDS 8
#define LONGEST_BETWEEN 24
#define HEX_RUN 40
#define LONG_HEX 200
#define CASE_WINDOW 40
#define OFTEN 9 /* changes in a window */
#define AS_NOISE 18
#define NOISE_WINDOW 30
#define WIDE_END 512
#define HEAD64 688 /* letters of such an end, in whole groups */
#define DEFLATE_HEAD 10 /* bytes that are looked at */
#define FIXED_LETTERS 6
#define BASE32_SHARE 10 /* at least every tenth character of noise is a digit */
#define SIGNED 64 /* bytes at the beginning in which a signature may stand; a word has a bit for each */

/* Kinds of bytes, `tables.kinds`. */
enum { KIND_UPPER = 1, KIND_LOWER = 2, KIND_DIGIT = 4, KIND_SIGN = 8 /* + / _ - */, KIND_PAD = 16, KIND_BETWEEN = 32, KIND_SIGNATURE = 64 /* begins one */,
       KIND_HEX = 128 };

enum { KIND_ALNUM = KIND_UPPER | KIND_LOWER | KIND_DIGIT, KIND_TOKEN = KIND_ALNUM | KIND_SIGN | KIND_PAD };

static inline bool is_upper(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

static inline bool is_lower(uint8_t c)
{
    return c >= 'a' && c <= 'z';
}

static inline bool is_letter(uint8_t c)
{
    return is_upper(c) || is_lower(c);
}

static inline bool is_printable(uint8_t c)
{
    return (c >= 0x20 && c < 0x7F) || c == '\t' || c == '\n' || c == '\r';
}

static inline bool is_continuation(uint8_t c)
{
    return c >= 0x80 && c < 0xC0;
}

/* Whether `length` printable bytes in a row stand somewhere; looks from behind, so that most bytes need no look. */
static bool printable_run(const uint8_t *s, size_t n, size_t length)
{
    for (size_t at = 0; at + length <= n;) {
        size_t end = at + length;
        while (end > at && is_printable(s[end - 1])) {
            end--;
        }
        if (end == at) {
            return true;
        }
        at = end;
    }
    return false;
}

/* `count` characters of `size` bytes in a row. */
static bool characters_at(const uint8_t *s, size_t size, size_t count)
{
    for (size_t i = 0; i < count; i++, s += size) {
        if (size == 2 ? s[0] < 0xC2 || s[0] >= 0xE0 : s[0] < 0xE0 || s[0] >= 0xF0) {
            return false;
        }
        for (size_t k = 1; k < size; k++) {
            if (!is_continuation(s[k])) {
                return false;
            }
        }
    }
    return true;
}

/* Four characters of three bytes or six of two: twelve bytes that are not ASCII. */
static bool foreign_run(const uint8_t *s, size_t n)
{
    for (size_t at = 0; at + 12 <= n;) {
        size_t end = at + 12;
        while (end > at && s[end - 1] >= 0x80) {
            end--;
        }
        if (end == at) {
            if (characters_at(s + at, 3, 4) || characters_at(s + at, 2, 6)) {
                return true;
            }
            end = at + 1;
        }
        at = end;
    }
    return false;
}

/* High bytes of UTF-16 that keep to a script; `tables.units`. */
enum { UNIT_LATIN = 1 /* and other small scripts */, UNIT_HANGUL = 2, UNIT_HAN = 4, UNIT_NOT_ZERO = 8 };

static uint8_t unit_kinds(uint8_t high)
{
    const bool latin = high == 0 || (high >= 3 && high <= 6) || (high >= 9 && high <= 14) || high == 0x20;
    const bool hangul = (high >= 0xAC && high < 0xD8) || high == 0 || high == 0x20 || high == 0x30 || high == 0xFF;
    const bool han = (high >= 0x30 && high < 0xA0) || high == 0 || high == 0x20 || high == 0xFF;
    return (uint8_t)((latin ? UNIT_LATIN : 0) | (hangul ? UNIT_HANGUL : 0) | (han ? UNIT_HAN : 0) | (high != 0 ? UNIT_NOT_ZERO : 0));
}

/* Every second bit of a row of words, in a row: `count` of them, 8, 12 or 24, that end in this word. `before` keeps what came before. */
static SEQ_INLINE bool in_a_row(uint64_t bits, size_t count, uint64_t before[5])
{
    for (size_t level = 0, length = 1; length < count; level++) {
        const size_t more = 2 * length <= count ? length : count - length;
        const uint64_t earlier = bits << (2 * more) | before[level] >> (64 - 2 * more);
        before[level] = bits;
        bits &= earlier;
        length += more;
    }
    return bits != 0;
}

/* Units of UTF-16 that keep to a script: 8 of a small one, 12 of Hangul, 24 of Han. */
static bool wide_units(const uint8_t *s, size_t n)
{
    uint64_t runs[4][5] = {{0}}, last = 0, last_latin = 0;
    for (size_t at = 0; at < n; at += 64) {
        uint64_t bits[4];
        bits_of(tables.units, s + at, n - at < 64 ? n - at : 64, (const uint8_t[]){0, 1, 2, 3}, 4, bits);
        const uint64_t before = bits[0] & (bits[3] << 1 | last >> 63); /* the low byte stands before */
        const uint64_t after = (bits[0] << 1 | last_latin >> 63) & bits[3]; /* or after */
        if (in_a_row(before, 8, runs[0]) || in_a_row(after, 8, runs[1]) || (n >= 24 && in_a_row(bits[1], 12, runs[2])) ||
            (n >= 48 && in_a_row(bits[2], 24, runs[3]))) {
            return true;
        }
        last = bits[3];
        last_latin = bits[0];
    }
    return false;
}

/* The size of the character of UTF-8 at `at`, ASCII or not; 0 if there is none. */
static inline size_t character_size(const uint8_t *s, size_t n, size_t at)
{
    const uint8_t c = at < n ? s[at] : 0;
    size_t size = is_printable(c) ? 1 : c >= 0xC2 && c < 0xE0 ? 2 : c >= 0xE0 && c < 0xF0 ? 3 : c >= 0xF0 && c < 0xF5 ? 4 : 0;
    for (size_t k = 1; k < size; k++) {
        size = at + k < n && is_continuation(s[at + k]) ? size : 0;
    }
    return size;
}

/* Whether the byte at `at` may belong to such a character, by its neighbours. */
static inline bool may_be_of_character(const uint8_t *s, size_t n, size_t at)
{
    const uint8_t c = s[at];
    return is_printable(c) || (is_continuation(c) ? at > 0 && s[at - 1] >= 0x80 : c >= 0xC2 && c < 0xF5 && at + 1 < n && is_continuation(s[at + 1]));
}

/* MIXED_RUN characters of UTF-8 in a row, ASCII or not; looks from behind, so that most bytes need no look. */
static bool mixed_run(const uint8_t *s, size_t n)
{
    for (size_t at = 0; at + MIXED_RUN <= n;) {
        size_t end = at + MIXED_RUN, run = 0;
        while (end > at && may_be_of_character(s, n, end - 1)) {
            end--;
        }
        if (end == at) {
            for (size_t size; run < MIXED_RUN && (size = character_size(s, n, end)) != 0; run++) {
                end += size;
            }
            if (run == MIXED_RUN) {
                return true;
            }
            end++;
        }
        at = end;
    }
    return false;
}

/* Whether WORDS small words of four bytes may stand in a row: their highest bytes are zero, two of them wherever we look. */
static bool may_be_small(const uint8_t *s, size_t n)
{
    for (size_t at = 0; at < n; at += 4 * (WORDS - 1)) {
        for (size_t k = at; k < at + 4 && k + 4 < n; k++) {
            if (s[k] == 0 && s[k + 4] == 0) {
                return true;
            }
        }
    }
    return false;
}

/* Words of four bytes in a row, in either order, as small as token ids; not all of them zero. */
static bool small_integers(const uint8_t *s, size_t n)
{
    for (size_t shift = 0; shift < 4; shift++) {
        size_t rows[2] = {0, 0}, ids[2] = {0, 0};
        for (size_t at = shift; at + 4 <= n; at += 4) {
            const uint8_t *w = s + at;
            const bool is_small[] = {w[3] == 0 && w[2] < LARGEST_ID >> 16, w[0] == 0 && w[1] < LARGEST_ID >> 16};
            const bool is_id = w[0] | w[1] | w[2] | w[3];
            for (int order = 0; order < 2; order++) {
                rows[order] = is_small[order] ? rows[order] + 1 : 0;
                ids[order] = is_small[order] ? ids[order] + is_id : 0;
                if (rows[order] >= WORDS && ids[order] >= FEWEST_WORDS) {
                    return true;
                }
            }
        }
    }
    return false;
}

/* Whether bytes read as UTF-16, as ASCII and other letters mixed, or as token ids. At the beginning or at the end: what is wide is so from
 * one end to the other, as a rule. */
static bool reads_widely(const uint8_t *s, size_t n)
{
    if (n > 2 * WIDE_END) {
        return reads_widely(s, WIDE_END) || reads_widely(s + n - WIDE_END, WIDE_END);
    }
    return wide_units(s, n) || mixed_run(s, n) || (may_be_small(s, n) && small_integers(s, n));
}

static inline bool starts(const uint8_t *s, size_t n, size_t at, const char *what, size_t size)
{
    return n >= size && at <= n - size && memcmp(s + at, what, size) == 0;
}

static SEQ_INLINE unsigned bits_at(const uint8_t *s, size_t at, unsigned count)
{
    unsigned value = 0;
    for (unsigned i = 0; i < count; i++) {
        value |= (unsigned)(s[(at + i) / 8] >> ((at + i) % 8) & 1) << i;
    }
    return value;
}

/* Whether deflated text may begin here: codes for the lengths of codes that fill their space, or the fixed code of printable letters. */
static bool deflated_at(const uint8_t *s, size_t n, size_t at)
{
    if (at > n || n - at < DEFLATE_HEAD) {
        return false;
    }
    s += at;
    switch (bits_at(s, 1, 2)) {
    case 0:
        return (s[1] ^ s[3]) == 0xFF && (s[2] ^ s[4]) == 0xFF;
    case 1:
        for (size_t i = 0, bit = 3; i < FIXED_LETTERS; i++, bit += 8) {
            unsigned code = 0;
            for (unsigned k = 0; k < 8; k++) {
                code = code << 1 | bits_at(s, bit + k, 1);
            }
            if (code < 0x30 || code >= 0xC0 || !is_printable((uint8_t)(code - 0x30))) {
                return false;
            }
        }
        return true;
    case 2: {
        unsigned filled = 0;
        for (unsigned i = 0, count = bits_at(s, 13, 4) + 4; i < count; i++) {
            const unsigned length = bits_at(s, 17 + 3 * i, 3);
            filled += length ? 128u >> length : 0;
        }
        return filled == 128 && bits_at(s, 3, 5) < 30 && bits_at(s, 8, 5) < 30;
    }
    default:
        return false;
    }
}

static bool signature_at(const uint8_t *s, size_t n, size_t at)
{
    switch (s[at]) {
    case 0x1F:
        return starts(s, n, at, "\x1f\x8b\x08", 3);
    case 0xFD:
        return starts(s, n, at, "\xfd" "7zXZ\0", 6);
    case 0x28:
        return starts(s, n, at, "\x28\xb5\x2f\xfd", 4);
    case 0x04:
        return starts(s, n, at, "\x04\x22\x4d\x18", 4);
    case 'P':
        return starts(s, n, at, "PK\x03\x04", 4);
    case 'B':
        return starts(s, n, at, "BZh", 3) && starts(s, n, at + 4, "1AY&SY", 6) && s[at + 3] >= '1' && s[at + 3] <= '9';
    case 0x5D:
        return starts(s, n, at, "\x5d\0\0", 3) && starts(s, n, at + 5, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
    case 'x':
        return at + 1 < n && (s[at + 1] == 0x01 || s[at + 1] == 0x5E || s[at + 1] == 0x9C || s[at + 1] == 0xDA) && deflated_at(s, n, at + 2);
    default:
        return false;
    }
}

static bool is_signed(const uint8_t *s, size_t n)
{
    uint64_t first;
    bits_of(tables.kinds, s, n < SIGNED ? n : SIGNED, (const uint8_t[]){6}, 1, &first);
    for (; first != 0; first &= first - 1) {
        if (signature_at(s, n, trailing_zeros(first))) {
            return true;
        }
    }
    return starts(s, n, 257, "ustar", 5);
}

static bool reads(const uint8_t *s, size_t n)
{
    return printable_run(s, n, TEXT_RUN) || foreign_run(s, n) || reads_widely(s, n);
}

/* Pictures, sound, fonts: compressed inside, and nothing that we could open. */
static bool is_medium(const uint8_t *s, size_t n)
{
    static const struct {
        uint8_t at, size;
        const char *sign;
    } media[] = {
        {0, 4, "\x89PNG"}, {0, 3, "\xff\xd8\xff"}, {0, 4, "GIF8"}, {0, 4, "RIFF"}, {0, 4, "%PDF"}, {0, 4, "wOFF"}, {0, 4, "wOF2"},
        {0, 4, "OTTO"},    {0, 5, "\0\1\0\0\0"},   {0, 3, "ID3"},  {0, 4, "OggS"}, {0, 4, "fLaC"}, {4, 4, "ftyp"}, {0, 4, "\x1a\x45\xdf\xa3"},
    };
    for (size_t i = 0; i < sizeof media / sizeof *media; i++) {
        if (n > media[i].at && s[media[i].at] == (uint8_t)media[i].sign[0] && starts(s, n, media[i].at, media[i].sign, media[i].size)) {
            return true;
        }
    }
    return false;
}

/* How often upper case, lower case and digits alternate at most in a window of letters: 0, as in base64 of text, or as in noise. */
typedef enum { ALTERNATE_RARELY, ALTERNATE_OFTEN, ALTERNATE_AS_NOISE } seq_alternation;

static seq_alternation alternation(const uint8_t *letters, size_t n)
{
    seq_alternation most = ALTERNATE_RARELY;
    uint8_t before = 0;
    size_t seen = 0, changes = 0, kinds = 0;
    for (size_t i = 0; i < n; i++) {
        const uint8_t kind = tables.kinds[letters[i]] & KIND_ALNUM;
        if (kind) {
            changes += seen > 0 && kind != before;
            before = kind;
            kinds |= kind;
            seen++;
        }
        if (seen == CASE_WINDOW || i + 1 == n) {
            if ((kinds & 3) == 3 && changes * CASE_WINDOW >= OFTEN * seen) {
                most = ALTERNATE_OFTEN;
            }
            if (kinds == 7 && seen >= NOISE_WINDOW && changes * CASE_WINDOW >= AS_NOISE * seen) {
                return ALTERNATE_AS_NOISE;
            }
            seen = changes = kinds = 0;
        }
    }
    return most;
}

static size_t decode_base64(const uint8_t *letters, size_t n, uint8_t *out)
{
    const uint8_t *values = tables.base64;
    size_t size = 0, i = 0;
    for (; i + 4 <= n; i += 4, size += 3) {
        const uint32_t group = (uint32_t)values[letters[i]] << 18 | (uint32_t)values[letters[i + 1]] << 12 |
                               (uint32_t)values[letters[i + 2]] << 6 | values[letters[i + 3]];
        out[size] = (uint8_t)(group >> 16);
        out[size + 1] = (uint8_t)(group >> 8);
        out[size + 2] = (uint8_t)group;
    }
    if (n - i >= 2) {
        out[size++] = (uint8_t)(values[letters[i]] << 2 | values[letters[i + 1]] >> 4);
    }
    if (n - i == 3) {
        out[size++] = (uint8_t)(values[letters[i + 1]] << 4 | values[letters[i + 2]] >> 2);
    }
    return size;
}

/* Whether base64 letters read as text at one of four beginnings. 18 printable bytes in a row hold five whole groups of three, 12 bytes that
 * are not ASCII three: only where the highest bits of so many groups fit are letters decoded. */
static bool base64_reads(const uint8_t *letters, size_t n)
{
    const size_t step = 64 - 5 * 4;
    for (size_t at = 0; at < n; at += step) {
        const size_t size = n - at < 64 ? n - at : 64;
        uint64_t bits[3];
        bits_of(tables.base64, letters + at, size, (const uint8_t[]){5, 3, 1}, 3, bits); /* the highest ones of the bytes of a group */
        const uint64_t first = bits[0], second = bits[1] >> 1, third = bits[2] >> 2;
        const uint64_t low = ~(first | second | third), high = first & second & third;
        uint64_t found = (low & low >> 4 & low >> 8 & low >> 12 & low >> 16) | (high & high >> 4 & high >> 8);
        for (found &= (UINT64_C(1) << (size < step ? size : step)) - 1; found != 0; found &= found - 1) {
            const size_t group = at + trailing_zeros(found), from = group < 4 ? group : group - 4;
            uint8_t bytes[24];
            const size_t count = decode_base64(letters + from, n - from < 28 ? n - from : 28, bytes);
            if (printable_run(bytes, count, TEXT_RUN) || foreign_run(bytes, count)) {
                return true;
            }
        }
    }
    return false;
}

/* The flags of base64 letters; `out` has room for as many bytes. */
static uint32_t judge_base64(const uint8_t *letters, size_t n, uint8_t *out)
{
    bool medium = false;
    const seq_alternation most = alternation(letters, n);
    if (most == ALTERNATE_RARELY) {
        return 0;
    }
    if (base64_reads(letters, n)) {
        return FLAG_ARMOUR;
    }
    for (size_t offset = 0; offset < 4; offset++) {
        const size_t left = n - offset, total = left / 4 * 3 + left % 4 * 3 / 4;
        const bool is_long = total > 2 * WIDE_END + 8; /* of which both ends are what counts */
        size_t size = decode_base64(letters + offset, is_long ? HEAD64 : left, out);
        medium |= is_medium(out, size);
        /* A picture may hold packed stretches of its own, but no text. */
        if (!medium && is_signed(out, size)) {
            return FLAG_ARMOUR;
        }
        if (is_long) {
            const size_t skipped = (total - WIDE_END) / 3;
            size += decode_base64(letters + offset + 4 * skipped, left - 4 * skipped, out + size);
        }
        if (reads_widely(out, size)) {
            return FLAG_ARMOUR;
        }
    }
    return medium || most != ALTERNATE_AS_NOISE ? 0 : FLAG_PACKED;
}

static size_t decode_hex(const uint8_t *digits, size_t n, uint8_t *out)
{
    for (size_t i = 0; i + 1 < n; i += 2) {
        out[i / 2] = (uint8_t)(hex_value(digits[i]) << 4 | hex_value(digits[i + 1]));
    }
    return n / 2;
}

static uint32_t judge_hex(const uint8_t *digits, size_t n, uint8_t *out)
{
    bool medium = false;
    for (size_t offset = 0; offset < 2; offset++) {
        const size_t size = decode_hex(digits + offset, n - offset, out);
        medium |= is_medium(out, size);
        /* A picture may hold packed stretches of its own, but no text. */
        if (reads(out, size) || (!medium && is_signed(out, size))) {
            return FLAG_DIGITS;
        }
    }
    return medium || n < LONG_HEX ? 0 : FLAG_PACKED;
}

static inline bool is_prose(uint8_t c)
{
    return is_upper(c) || is_lower(c) || c == ' ' || c == '\n' || c == ',' || c == '.' || c == '\'';
}

/* The same for bytes written as numbers: small numbers are printable by chance, so that letters are asked for. */
static bool tells_in_numbers(const uint8_t *s, size_t n)
{
    if (is_signed(s, n)) {
        return true;
    }
    for (size_t i = 0, run = 0; i < n; i++) {
        run = is_prose(s[i]) ? run + 1 : 0;
        if (run == TEXT_RUN) {
            return true;
        }
    }
    return foreign_run(s, n) || reads_widely(s, n);
}

static inline bool in_base32(uint8_t c, bool lower)
{
    return (c >= '2' && c <= '7') || (lower ? is_lower(c) : is_upper(c));
}

static size_t decode_base32(const uint8_t *letters, size_t n, uint8_t *out)
{
    size_t size = 0;
    uint32_t held = 0;
    int bits = 0;
    for (size_t i = 0; i < n; i++) {
        held = held << 5 | (letters[i] < 'A' ? letters[i] - '2' + 26u : (letters[i] & 31) - 1u);
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            out[size++] = (uint8_t)(held >> bits);
        }
    }
    return size;
}

/* The flags of letters in a row that keep to base32 in one case. */
static uint32_t judge_base32(const uint8_t *letters, size_t n, bool lower, uint8_t *out)
{
    uint32_t flags = 0;
    for (size_t at = 0; at + ALPHABET_RUN <= n;) {
        size_t end = at + ALPHABET_RUN;
        while (end > at && in_base32(letters[end - 1], lower)) {
            end--;
        }
        if (end > at) {
            at = end;
            continue;
        }
        size_t digits = 0;
        for (end = at; end < n && in_base32(letters[end], lower); end++) {
            digits += letters[end] < 'A';
        }
        for (size_t offset = 0; digits > 0 && offset < 8; offset++) {
            const size_t size = decode_base32(letters + at + offset, end - at - offset, out);
            if (reads(out, size) || is_signed(out, size)) {
                return FLAG_ARMOUR;
            }
        }
        flags |= BASE32_SHARE * digits >= end - at ? FLAG_PACKED : 0;
        at = end;
    }
    return flags;
}

/* The end of what may stand between two chunks of one encoding, at most LONGEST_BETWEEN bytes. */
static size_t between_end(const uint8_t *s, size_t n, size_t at)
{
    const size_t limit = n - at < LONGEST_BETWEEN ? n : at + LONGEST_BETWEEN;
    while (at < limit) {
        const uint8_t c = s[at];
        if (c == '\\') {
            while (at < limit && s[at] == '\\') {
                at++;
            }
            at += at < limit && (s[at] == 'n' || s[at] == 'r' || s[at] == 't');
        } else if (tables.kinds[c] & KIND_BETWEEN) {
            at++;
        } else if (c == '+' && at + 1 < limit && (tables.kinds[s[at + 1]] & KIND_BETWEEN)) {
            at++;
        } else {
            break;
        }
    }
    return at;
}

#endif
