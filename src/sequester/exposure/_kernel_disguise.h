/* Characters as they are meant, whatever they are disguised as; normaliser.py states the rules. */
#ifndef SEQUESTER_KERNEL_DISGUISE_H
#define SEQUESTER_KERNEL_DISGUISE_H

#include "_kernel_units.h"

#define PLAIN_ESCAPE 2
#define WIDTH 0xFEE0 /* from a sign to its full-width form */
#define STYLE 24 /* characters */

static inline bool is_invisible(uint32_t code)
{
    return code == 0xAD || code == 0x180E || code == 0xFEFF || (code >= 0x200B && code < 0x2010) || (code >= 0x202A && code < 0x202F) ||
           (code >= 0x2060 && code < 0x206A && code != 0x2065);
}

/* The Latin letter, digit or sign that a character is easily taken for; 0 for an invisible one; any other itself. */
static uint32_t undisguised(uint32_t code)
{
    static const char greek[] = "AB..EZH.IK.MN.O.P..TY.X..", cyrillic[] = ".....SI.J.......A.B..E.3..K.MHO.PCTY.X..........";
    if (is_invisible(code)) {
        return 0;
    }
    if (code < 0x370 || (code >= 0x590 && code < 0x1D00) || (code >= 0x3000 && code < 0xFB00) || code >= 0x20000) {
        return code;
    }
    if (code == 0xFF0B || code == 0xFF0D || code == 0xFF0F || code == 0xFF1D || code == 0xFF3F) {
        return code - WIDTH;
    }
    const char capital = code >= 0x391 && code < 0x391 + sizeof greek - 1    ? greek[code - 0x391]
                         : code >= 0x400 && code < 0x400 + sizeof cyrillic - 1 ? cyrillic[code - 0x400]
                                                                               : '.';
    if (capital != '.') {
        return (uint32_t)capital;
    }
    const uint32_t letter = folded(code);
    if (letter == 0 || letter >= 0x80 || !is_alnum((uint8_t)letter)) {
        return code;
    }
    const bool upper = (code >= 0xFF21 && code < 0xFF3B) || (code >= 0x1D400 && code < 0x1D6A4 && (code - 0x1D400) % 52 < 26);
    return upper && letter > '9' ? letter - 0x20 : letter;
}

/* The offset after the style of a terminal whose escape character stands before `at`; `at` itself if none does. */
static size_t style_end(const uint8_t *s, size_t n, size_t at)
{
    size_t end = at + 1;
    while (end < n && end - at <= STYLE && s[end] >= '0' && s[end] <= '?') {
        end++;
    }
    return at < n && s[at] == '[' && end < n && (uint8_t)((s[end] | 0x20) - 'a') < 26 ? end + 1 : at;
}

static uint8_t *write_utf8(uint8_t *out, uint32_t code)
{
    if (code < 0x80) {
        *out++ = (uint8_t)code;
    } else if (code < 0x800) {
        *out++ = (uint8_t)(0xC0 | code >> 6);
        *out++ = (uint8_t)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        *out++ = (uint8_t)(0xE0 | code >> 12);
        *out++ = (uint8_t)(0x80 | (code >> 6 & 0x3F));
        *out++ = (uint8_t)(0x80 | (code & 0x3F));
    } else {
        *out++ = (uint8_t)(0xF0 | code >> 18);
        *out++ = (uint8_t)(0x80 | (code >> 12 & 0x3F));
        *out++ = (uint8_t)(0x80 | (code >> 6 & 0x3F));
        *out++ = (uint8_t)(0x80 | (code & 0x3F));
    }
    return out;
}

/* Whether a character that is no plain one stands at `at`, or what begins an escape. */
static inline bool may_be_disguise(const uint8_t *s, size_t n, size_t at)
{
    const uint8_t next = at + 1 < n ? s[at + 1] : 0;
    return s[at] >= 0x80 || s[at] == '%' || s[at] == '=' || s[at] == '&' || s[at] == 0x1B ||
           (s[at] == '\\' && (next == 'u' || next == 'U' || next == 'x'));
}

/* Writes a text without disguises to `out`, which has room for n bytes; returns its size. *changed: how many characters that concerns. */
static size_t without_disguise(const uint8_t *s, size_t n, uint8_t *out, size_t *changed)
{
    uint8_t *const first = out;
    *changed = 0;
    for (size_t at = 0; at < n;) {
        size_t end = at + 1;
        uint32_t code;
        if (!may_be_disguise(s, n, at)) {
            *out++ = s[at++];
            continue;
        }
        if (s[at] == '=' && end < n && (at == 0 || s[at - 1] != '=') && (s[end] == '\n' || (s[end] == '\r' && end + 1 < n && s[end + 1] == '\n'))) {
            at = end + (s[end] == '\r') + 1; /* a soft break */
            continue;
        }
        if (s[at] == 0x1B) {
            end = style_end(s, n, end);
            code = end > at + 1 ? 0 : 0x1B;
        } else {
            const seq_unit unit = unit_at(s, n, at);
            end = unit.end;
            code = unit.code < 0 ? UINT32_MAX : (uint32_t)unit.code;
        }
        const bool is_plain = code == UINT32_MAX || (s[at] < 0x80 ? end - at <= PLAIN_ESCAPE : undisguised(code) == code);
        if (is_plain) {
            memcpy(out, s + at, end - at);
            out += end - at;
        } else {
            const uint32_t meant = undisguised(code);
            out = meant != 0 ? write_utf8(out, meant) : out;
            ++*changed;
        }
        at = end;
    }
    return (size_t)(out - first);
}

#endif
