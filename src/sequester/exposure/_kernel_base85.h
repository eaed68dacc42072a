/* Whether a stretch without blanks is base85 of text or of a packing; flags.py states the rules and is their reference. */
#ifndef SEQUESTER_KERNEL_BASE85_H
#define SEQUESTER_KERNEL_BASE85_H

#include "_kernel_tokens.h"

#define WINDOW85 40
#define GROUPS85 7
#define MARKS85 3
#define MIXED85 20
#define ALIKE85 12
#define PACKED85 12
#define MIDDLE85 41 /* the first digit of a group whose first byte is about 0x80 */

/* Decodes whole groups; one that is out of range gives zeros. */
static void decode85(const uint8_t *s, int alphabet, size_t groups, uint8_t *out)
{
    for (size_t group = 0; group < groups; group++) {
        uint64_t value = 0;
        bool good = true;
        for (size_t i = 0; i < 5; i++) {
            const uint8_t digit = tables.base85[alphabet][s[5 * group + i]];
            good = good && digit < 85;
            value = value * 85 + digit;
        }
        value = good && value >> 32 == 0 ? value : 0;
        for (size_t i = 0; i < 4; i++) {
            out[4 * group + i] = (uint8_t)(value >> (24 - 8 * i));
        }
    }
}

#define SIGNS85 "\1\12\15\25\31\35\46\121" /* first digits of the groups that may_sign85() lets through */

/* Whether a group may begin with a packing's signature, by its first two digits. */
static inline bool may_sign85(const uint8_t *s, const uint8_t *digits)
{
    switch (85 * digits[s[0]] + digits[s[1]]) {
    case 112:
    case 113:
    case 861:
    case 1112:
    case 1812:
    case 2193:
    case 2540:
    case 3278:
    case 3288:
    case 3294:
    case 3295:
    case 3301:
    case 6917:
        return true;
    default:
        return false;
    }
}

/* Whether 28 bytes may read as text: 18 printable ones in a row hold all of the fourth group, 12 that are not ASCII the third or fifth. */
static bool may_read85(const uint8_t *s, int alphabet)
{
    const uint8_t *digits = tables.base85[alphabet];
    uint8_t bytes[4];
    if (digits[s[15]] <= MIDDLE85) {
        decode85(s + 15, alphabet, 1, bytes);
        if (printable_run(bytes, 4, 4)) {
            return true;
        }
    }
    for (size_t at = 10; at <= 20; at += 10) {
        if (digits[s[at]] >= MIDDLE85) {
            decode85(s + at, alphabet, 1, bytes);
            if (bytes[0] & bytes[1] & bytes[2] & bytes[3] & 0x80) {
                return true;
            }
        }
    }
    return false;
}

/* How many of 40 characters stand in no token. */
static size_t marks_in(const uint8_t *s)
{
    uint64_t token;
    bits_of(tables.flag_classes, s, WINDOW85, (const uint8_t[]){0}, 1, &token);
    return WINDOW85 - bit_count(token);
}

/* How many of 40 characters are of the same kind (upper case, lower case, digit) as the one before. */
static size_t alike_in(const uint8_t *s)
{
    uint64_t bits[3];
    bits_of(tables.kinds, s, WINDOW85, (const uint8_t[]){0, 1, 2}, 3, bits);
    return bit_count((bits[0] & bits[0] >> 1) | (bits[1] & bits[1] >> 1) | (bits[2] & bits[2] >> 1));
}

static size_t distinct(const uint8_t *s, size_t n)
{
    uint64_t low = 0, high = 0;
    for (size_t i = 0; i < n; i++) {
        const uint64_t bit = UINT64_C(1) << (s[i] & 63);
        low |= s[i] < 64 ? bit : 0;
        high |= s[i] < 64 ? 0 : bit;
    }
    return bit_count(low) + bit_count(high);
}

/* Whether the 40 characters at the beginning of a stretch decode to the beginning of a packing at one of five beginnings. */
static bool signed85(const uint8_t *s)
{
    uint64_t places[3];
    bits_of(tables.signs85, s, 10, (const uint8_t[]){0, 1, 2}, 3, places); /* in the first two groups */
    for (int alphabet = 0; alphabet < 3; alphabet++) {
        for (uint64_t found = places[alphabet]; found != 0; found &= found - 1) {
            const size_t at = trailing_zeros(found), offset = at % 5;
            if (may_sign85(s + at, tables.base85[alphabet])) {
                uint8_t bytes[4 * GROUPS85];
                decode85(s + offset, alphabet, GROUPS85, bytes);
                if (signature_at(bytes, sizeof bytes, at / 5 * 4)) {
                    return true;
                }
            }
        }
    }
    return false;
}

/* Whether 40 characters decode to text at one of five beginnings. */
static bool reads85(const uint8_t *s)
{
    for (int alphabet = 0; alphabet < 3; alphabet++) {
        for (size_t offset = 0; offset < 5; offset++) {
            uint8_t bytes[4 * GROUPS85];
            if (may_read85(s + offset, alphabet)) {
                decode85(s + offset, alphabet, GROUPS85, bytes);
                if (printable_run(bytes, sizeof bytes, TEXT_RUN) || foreign_run(bytes, sizeof bytes)) {
                    return true;
                }
            }
        }
    }
    return false;
}

static bool window85(const uint8_t *s, bool first)
{
    const size_t marks = marks_in(s);
    if (first && marks >= 1 && signed85(s) && distinct(s, WINDOW85) >= PACKED85) {
        return true;
    }
    return marks >= MARKS85 && alike_in(s) <= ALIKE85 && distinct(s, WINDOW85) >= MIXED85 && reads85(s);
}

static bool is_base85(const uint8_t *s, size_t n)
{
    for (size_t at = 0; at + WINDOW85 <= n; at += WINDOW85) {
        if (window85(s + at, at == 0)) {
            return true;
        }
    }
    return n >= WINDOW85 && window85(s + n - WINDOW85, false);
}

#endif
