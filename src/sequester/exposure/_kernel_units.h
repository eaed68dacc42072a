/* One character of a raw text, all its escape layers undone, and what it folds to; normaliser.py states the rules. */
#ifndef SEQUESTER_KERNEL_UNITS_H
#define SEQUESTER_KERNEL_UNITS_H

#include "_kernel_tables.h"

typedef struct {
    int32_t code; /* code point, or -1 for a byte that is no UTF-8 */
    uint32_t odd;
    size_t end;
} seq_unit;

typedef struct {
    int32_t code; /* -1: not decoded, only the sign counts */
    size_t end;
} seq_decoded;

static inline int hex_pair(const uint8_t *s, size_t n, size_t at)
{
    if (at > n || n - at < 2) {
        return -1;
    }
    int high = hex_value(s[at]), low = hex_value(s[at + 1]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static inline int upper_pair(const uint8_t *s, size_t n, size_t at)
{
    int value = hex_pair(s, n, at);
    return value < 0 || s[at] >= 'a' || s[at + 1] >= 'a' ? -1 : value;
}

static inline int32_t hex_number(const uint8_t *s, size_t n, size_t at, int digits)
{
    if (at > n || n - at < (size_t)digits) {
        return -1;
    }
    uint32_t value = 0;
    for (int i = 0; i < digits; i++) {
        int digit = hex_value(s[at + i]);
        if (digit < 0 || value >= 0x1000000) {
            return -1;
        }
        value = value << 4 | (uint32_t)digit;
    }
    return value < 0x110000 ? (int32_t)value : -1;
}

static inline size_t skip(const uint8_t *s, size_t n, size_t at, const char *what, size_t size)
{
    while (at <= n && n - at >= size && memcmp(s + at, what, size) == 0) {
        at += size;
    }
    return at;
}

static inline size_t utf8_size(uint8_t lead)
{
    if (lead < 0xC2 || lead > 0xF4) {
        return 0;
    }
    return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

/* The code point of a sequence whose lead fits its size and whose other bytes are continuations; -1 if overlong or too high. */
static inline int32_t utf8_code(const uint8_t *s, size_t size)
{
    if (size == 2) {
        return (s[0] & 0x1F) << 6 | (s[1] & 0x3F);
    }
    if (size == 3) {
        int32_t code = (s[0] & 0x0F) << 12 | (s[1] & 0x3F) << 6 | (s[2] & 0x3F);
        return code < 0x800 || (code >= 0xD800 && code < 0xE000) ? -1 : code;
    }
    int32_t code = (s[0] & 0x07) << 18 | (s[1] & 0x3F) << 12 | (s[2] & 0x3F) << 6 | (s[3] & 0x3F);
    return code < 0x10000 || code > 0x10FFFF ? -1 : code;
}

static inline seq_decoded utf8_at(const uint8_t *s, size_t n, size_t at)
{
    size_t size = utf8_size(s[at]);
    if (size == 0 || n - at < size) {
        return (seq_decoded){-1, at + 1};
    }
    for (size_t i = 1; i < size; i++) {
        if ((s[at + i] & 0xC0) != 0x80) {
            return (seq_decoded){-1, at + 1};
        }
    }
    int32_t code = utf8_code(s + at, size);
    return (seq_decoded){code, code < 0 ? at + 1 : at + size};
}

/* Offset of the pair of the next escaped byte of a sequence, or SIZE_MAX. */
static size_t next_pair(const uint8_t *s, size_t n, size_t at, char kind)
{
    if (kind == '%') {
        return at < n && s[at] == '%' ? skip(s, n, at + 1, "25", 2) : SIZE_MAX;
    }
    if (kind == '=') {
        if (n - at >= 2 && s[at] == '=' && s[at + 1] == '\n') {
            at += 2;
        } else if (n - at >= 3 && s[at] == '=' && s[at + 1] == '\r' && s[at + 2] == '\n') {
            at += 3;
        }
        return at < n && s[at] == '=' ? skip(s, n, at + 1, "3D", 2) : SIZE_MAX;
    }
    size_t end = skip(s, n, at, "\\", 1);
    return end > at && end < n && s[end] == 'x' ? end + 1 : SIZE_MAX;
}

static seq_decoded escaped_sequence(const uint8_t *s, size_t n, size_t at, int lead, char kind)
{
    const seq_decoded failed = {-1, at};
    size_t size = lead < 0 ? 0 : utf8_size((uint8_t)lead);
    if (size == 0) {
        return failed;
    }
    uint8_t bytes[4] = {(uint8_t)lead, 0, 0, 0};
    size_t end = at + 2;
    for (size_t i = 1; i < size; i++) {
        size_t start = next_pair(s, n, end, kind);
        int value = start == SIZE_MAX ? -1 : hex_pair(s, n, start);
        if (value < 0x80 || value > 0xBF) {
            return failed;
        }
        bytes[i] = (uint8_t)value;
        end = start + 2;
    }
    int32_t code = utf8_code(bytes, size);
    return code < 0 ? failed : (seq_decoded){code, end};
}

static seq_decoded decode_percent(const uint8_t *s, size_t n, size_t at)
{
    at = skip(s, n, at, "25", 2);
    int value = hex_pair(s, n, at);
    if (value >= 0 && value < 0x80) {
        return (seq_decoded){value, at + 2};
    }
    return escaped_sequence(s, n, at, value, '%');
}

static seq_decoded decode_quoted(const uint8_t *s, size_t n, size_t at)
{
    at = skip(s, n, at, "3D", 2);
    int value = upper_pair(s, n, at);
    if ((value >= 0x20 && value < 0x7F) || value == 9 || value == 10 || value == 13) {
        return (seq_decoded){value, at + 2};
    }
    return escaped_sequence(s, n, at, value, '=');
}

static seq_decoded decode_backslash(const uint8_t *s, size_t n, size_t at)
{
    const seq_decoded failed = {-1, at};
    if (at >= n) {
        return failed;
    }
    switch (s[at]) {
    case 'n':
    case 'r':
    case 't':
        return (seq_decoded){0x20, at + 1};
    case 'U': {
        int32_t code = hex_number(s, n, at + 1, 8);
        return code < 0 ? failed : (seq_decoded){code, at + 9};
    }
    case 'x': {
        int value = hex_pair(s, n, at + 1);
        if (value < 0) {
            return failed;
        }
        seq_decoded joined = escaped_sequence(s, n, at + 1, value, 'x');
        return joined.code < 0 ? (seq_decoded){value, at + 3} : joined;
    }
    case 'u': {
        int32_t high = hex_number(s, n, at + 1, 4);
        if (high < 0) {
            return failed;
        }
        if (high >= 0xD800 && high < 0xDC00) {
            size_t second = skip(s, n, at + 5, "\\", 1);
            if (second > at + 5 && second < n && s[second] == 'u') {
                int32_t low = hex_number(s, n, second + 1, 4);
                if (low >= 0xDC00 && low < 0xE000) {
                    return (seq_decoded){0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00), second + 5};
                }
            }
        }
        return (seq_decoded){high, at + 5};
    }
    default:
        return failed;
    }
}

static inline size_t name_slot(uint64_t key)
{
    return (size_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> 54);
}

static int32_t look_up(const seq_name *names, uint64_t key)
{
    for (size_t slot = name_slot(key); names[slot].key != 0; slot = (slot + 1) % SEQ_NAMES) {
        if (names[slot].key == key) {
            return (int32_t)names[slot].code;
        }
    }
    return -1;
}

static seq_decoded decode_number(const uint8_t *s, size_t n, size_t at)
{
    size_t end = at;
    uint32_t value = 0;
    if (at < n && (s[at] == 'x' || s[at] == 'X')) {
        at = end = at + 1;
        while (end < n && end - at < 6 && hex_value(s[end]) >= 0) {
            value = value << 4 | (uint32_t)hex_value(s[end++]);
        }
    } else {
        while (end < n && end - at < 7 && s[end] >= '0' && s[end] <= '9') {
            value = value * 10 + (s[end++] - '0');
        }
    }
    bool good = end > at && end < n && s[end] == ';' && value < 0x110000;
    return good ? (seq_decoded){(int32_t)value, end + 1} : (seq_decoded){-1, 0};
}

static seq_decoded decode_entity(const uint8_t *s, size_t n, size_t at)
{
    at = skip(s, n, at, "amp;", 4);
    const seq_decoded failed = {-1, at};
    if (at >= n) {
        return failed;
    }
    if (s[at] == '#') {
        seq_decoded number = decode_number(s, n, at + 1);
        return number.code < 0 ? failed : number;
    }
    uint64_t key = 0;
    size_t size = 0;
    while (size < 8 && at + size < n && is_alnum(s[at + size])) {
        key |= (uint64_t)s[at + size] << (8 * size);
        size++;
    }
    if (size < 2 || at + size >= n || s[at + size] != ';') {
        return failed;
    }
    int32_t code = look_up(tables.entities, key);
    return code < 0 ? failed : (seq_decoded){code, at + size + 1};
}

/* Whether an unknown entity (2 to 31 letters or digits and a semicolon) stands at `at`. */
static bool entity_like(const uint8_t *s, size_t n, size_t at)
{
    size_t size = 0;
    while (size < 32 && at + size < n && is_alnum(s[at + size])) {
        size++;
    }
    return size >= 2 && size < 32 && at + size < n && s[at + size] == ';';
}

static seq_unit unit_at(const uint8_t *s, size_t n, size_t at)
{
    int32_t code = s[at];
    size_t end = at + 1;
    if (code >= 0x80) {
        seq_decoded found = utf8_at(s, n, at);
        return (seq_unit){found.code, 0, found.end};
    }
    for (bool decoded = false;;) {
        seq_decoded inner;
        switch (code) {
        case '\\':
            inner = decode_backslash(s, n, end);
            break;
        case '%':
            inner = decode_percent(s, n, end);
            break;
        case '=':
            inner = decode_quoted(s, n, end);
            break;
        case '&':
            inner = decode_entity(s, n, end);
            break;
        default:
            return (seq_unit){code, decoded && code < 0x80 && is_alnum((uint8_t)code), end};
        }
        end = inner.end;
        if (inner.code < 0) {
            uint32_t odd = code != '&' ? 0 : decoded ? 12 : 4 * (uint32_t)entity_like(s, n, end);
            return (seq_unit){code, odd, end};
        }
        decoded |= code != '=';
        code = inner.code;
    }
}

/* What a code point folds to: a code point, 0 = dropped, 0xD800 + n = an expansion. */
static inline uint32_t folded(uint32_t code)
{
    if (code < 0x10000) {
        return tables.bmp[code];
    }
    if (code < 0x1D000 || (code >= 0x20000 && code < 0x40000)) {
        return code;
    }
    if (code >= 0x1D400 && code < 0x1D800) {
        return tables.astral[code - 0x1D400];
    }
    if (code >= 0x1F100 && code < 0x1F200) {
        return tables.astral[0x400 + code - 0x1F100];
    }
    return code >= 0xE0000 && code < 0xE0080 ? tables.astral[0x500 + code - 0xE0000] : 0;
}

static inline size_t write_folded(uint8_t *out, uint32_t code)
{
    uint32_t value = folded(code);
    if (value < 0x80) {
        out[0] = (uint8_t)value;
        return value != 0;
    }
    if (value < 0x800) {
        out[0] = (uint8_t)(0xC0 | value >> 6);
        out[1] = (uint8_t)(0x80 | (value & 0x3F));
        return 2;
    }
    if (value >= 0xD800 && value < 0xE000) {
        const uint8_t *expansion = tables.expansions + 4 * (size_t)(value - 0xD800);
        size_t size = 0;
        while (size < 4 && expansion[size] != 0) {
            out[size] = expansion[size];
            size++;
        }
        return size;
    }
    if (value < 0x10000) {
        out[0] = (uint8_t)(0xE0 | value >> 12);
        out[1] = (uint8_t)(0x80 | (value >> 6 & 0x3F));
        out[2] = (uint8_t)(0x80 | (value & 0x3F));
        return 3;
    }
    out[0] = (uint8_t)(0xF0 | value >> 18);
    out[1] = (uint8_t)(0x80 | (value >> 12 & 0x3F));
    out[2] = (uint8_t)(0x80 | (value >> 6 & 0x3F));
    out[3] = (uint8_t)(0x80 | (value & 0x3F));
    return 4;
}

/* The offset after the tag whose `<` stands before `at`, or 0. */
static size_t tag_end(const uint8_t *s, size_t n, size_t at)
{
    at = skip(s, n, at, "\\", 1);
    if (at >= n) {
        return 0;
    }
    seq_unit slash = unit_at(s, n, at);
    if (slash.code == '/') {
        at = slash.end;
    }
    uint64_t key = 0;
    size_t size = 0;
    while (size < 8 && at + size < n && is_alnum(s[at + size])) {
        uint8_t c = s[at + size];
        key |= (uint64_t)(c >= 'A' ? c | 0x20 : c) << (8 * size);
        size++;
    }
    if (size == 0 || look_up(tables.tags, key) < 0) {
        return 0;
    }
    at += size;
    int characters = 0, letters = 0;
    while (at < n) {
        seq_unit unit = unit_at(s, n, at);
        at = unit.end;
        if (unit.code == '\\') {
            continue;
        }
        if (unit.code == '>') {
            return at;
        }
        if (characters == 0 && unit.code != 9 && unit.code != 10 && unit.code != 13 && unit.code != ' ' && unit.code != '/') {
            return 0;
        }
        characters++;
        letters += unit.code >= 0x80 || (unit.code > 0 && tables.bmp[unit.code] != 0);
        if (unit.code == '<' || characters > 200 || letters > 32) {
            return 0;
        }
    }
    return 0;
}

#endif
