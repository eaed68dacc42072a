/* Escapes, and characters that were misread or carry bytes; flags.py states the rules and is their reference. */
#ifndef SEQUESTER_KERNEL_ESCAPES_H
#define SEQUESTER_KERNEL_ESCAPES_H

#include "_kernel_numbers.h"

#define MISREAD 9
#define ODD 12
#define SELECTORS 8 /* or tag characters, of which the flag of a country has six */
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

/* What a text holds of escapes. */
typedef struct {
    size_t octal, unicode, controls;
    size_t row, row_end, row_kind; /* of escaped characters that follow each other */
    bool in_rows;
} seq_escapes;

/* Escaped characters that carry bytes, in a row: ASCII read as UTF-16, UTF-8 as one byte each, Braille, variation selectors, invisible ones. */
static void count_row(const uint8_t *s, int32_t code, size_t at, seq_escapes *found)
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
    const bool follows = at - found->row_end <= ROW_GAP && skip(s, at, found->row_end, "\\", 1) == at;
    found->row = kind == found->row_kind && follows ? found->row + 1 : 1;
    found->row_kind = kind;
    found->row_end = at + 6;
    found->in_rows |= found->row >= enough[kind];
}

static inline bool is_control(int code)
{
    return code >= 0 && (code < 9 || (code >= 0x0E && code < 0x20 && code != 0x1B) || (code >= 0x7F && code < 0xA0));
}

static void count_sign(const uint8_t *s, size_t n, size_t at, seq_escapes *found)
{
    const uint8_t next = at + 1 < n ? s[at + 1] : 0;
    if (s[at] == '%') {
        found->unicode += (next | 0x20) == 'u';
        return;
    }
    found->octal += next >= '0' && next <= '7';
    if (next == 'x') {
        found->controls += is_control(hex_pair(s, n, at + 2)) && hex_pair(s, n, at + 2) < 0x80;
    } else if (next == 'u') {
        const int32_t code = hex_number(s, n, at + 2, 4);
        found->controls += code < 0x100 && is_control(code);
        count_row(s, code, at, found);
    }
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
        selectors = (code >= 0xFE00 && code < 0xFE10) || (code >= 0xE0000 && code < 0xE01F0) ? selectors + 1 : 0;
        braille = code >= 0x2800 && code < 0x2900 ? braille + 1 : 0;
        invisible = (code >= 0x200B && code <= 0x200D) || code == 0x2060 || (code >= 0x2062 && code <= 0x2064) || code == 0xFEFF ? invisible + 1 : 0;
        if (misread == MISREAD || pairs == PAIRS / 2 || selectors == SELECTORS || braille == BRAILLE || invisible == INVISIBLE || odd == 8) {
            return true;
        }
        at = found.end;
    }
    return false;
}

#endif
