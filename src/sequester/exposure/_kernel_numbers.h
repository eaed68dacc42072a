/* Integers and hex pairs that may spell a text; flags.py states the rules and is their reference. */
#ifndef SEQUESTER_KERNEL_NUMBERS_H
#define SEQUESTER_KERNEL_NUMBERS_H

#include "_kernel_tokens.h"

#define PAIRS 16
#define MANY_PAIRS 256
#define NUMBERS_RUN 64 /* bytes */
#define LIST 12 /* integers */
#define BINARY_DIGITS 96
#define FOREIGN_LIST 12
#define PRINTABLE_LIST 64
#define FEWEST_FALLS 4
#define SMALLEST_ID 700
#define FEWEST_DROPS 5 /* in so many integers there is at least one */

/* What a run of integers may spell. */
typedef struct {
    size_t count, bytes, high, binary, prose, octal, foreign, printable;
    size_t falls; /* since a row of them began; what counts up is no text */
    size_t drops; /* of all */
    bool has_id; /* one of them is the size of a token id that is no byte */
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
    list->printable = value < 0x80 && is_printable((uint8_t)value) ? list->printable + 1 : 0;
    if (value != ' ' && value != '\n' && value != ',' && value != '.') { /* which stand between the words of every script */
        const uint32_t script = script_of(value);
        list->foreign = (script == list->script ? list->foreign : 0) + (script > 0);
        list->script = script;
    }
    const bool row = list->printable + list->octal + list->foreign > 0;
    list->drops += value < list->before;
    list->has_id |= value >= SMALLEST_ID && value < LARGEST_ID;
    list->falls = row ? list->falls + (value < list->before) : 0;
    list->before = value;
    const bool is_long = list->prose >= TEXT_RUN || list->octal >= TEXT_RUN || list->foreign >= FOREIGN_LIST || list->printable >= PRINTABLE_LIST;
    list->tells = list->tells || (is_long && list->falls >= FEWEST_FALLS);
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

/* The flags of the integers in [start, end). */
static uint32_t judge_integers(const uint8_t *s, size_t n, size_t start, size_t end)
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
    const bool ids = list.count >= LIST && list.has_id && FEWEST_DROPS * list.drops >= list.count;
    return (ids ? FLAG_NUMBERS : 0) | (list.tells || noise || list.binary >= BINARY_DIGITS ? FLAG_DIGITS : 0);
}

/* What may set hex pairs apart. */
static inline bool is_gap(const uint8_t *s, size_t n, size_t at)
{
    return at < n && (tables.flag_classes[s[at]] & HINT_GAP);
}

/* The flags of the chain of hex pairs, one character between each, that goes through `at`; moves *done to its end. */
static uint32_t judge_pairs(const uint8_t *s, size_t n, size_t at, size_t *done)
{
    uint8_t bytes[MANY_PAIRS];
    size_t count = 0;
    while (at >= 3 && hex_pair(s, n, at - 3) >= 0 && is_gap(s, n, at - 1)) {
        at -= 3;
    }
    for (; hex_pair(s, n, at) >= 0; at += 3) {
        bytes[count % MANY_PAIRS] = (uint8_t)hex_pair(s, n, at);
        count++;
        if (!is_gap(s, n, at + 2)) {
            at += 2;
            break;
        }
    }
    *done = at;
    return count >= MANY_PAIRS || (count >= PAIRS && tells_in_numbers(bytes, count)) ? FLAG_DIGITS : 0;
}

#endif
