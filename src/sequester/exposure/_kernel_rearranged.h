/* Text cut up by structure, its pieces put together again; rearranged.py states the rules and is their reference. */
#ifndef SEQUESTER_KERNEL_REARRANGED_H
#define SEQUESTER_KERNEL_REARRANGED_H

#include "_kernel_lines.h"

/* ---- ciphers ---------------------------------------------------------------------------------------------------------------- */

static void take_ciphers(const uint8_t *s, size_t n, seq_pieced *pieced)
{
    if (pieced->rotated) {
        const size_t from = pieced->size;
        put(pieced, s, n);
        for (size_t i = from; i < pieced->size; i++) {
            uint8_t *c = (uint8_t *)pieced->text_block.data + i;
            const uint8_t letter = (*c | 0x20) - 'a';
            *c = (uint8_t)(letter < 13 ? *c + 13 : letter < 26 ? *c - 13 : *c);
        }
        end_text(pieced);
    }
    if (pieced->reversed) {
        const size_t from = pieced->size;
        put(pieced, s, n);
        uint8_t *text = (uint8_t *)pieced->text_block.data + from;
        for (size_t i = 0; 2 * i + 1 < pieced->size - from; i++) {
            const uint8_t c = text[i];
            text[i] = text[pieced->size - from - 1 - i];
            text[pieced->size - from - 1 - i] = c;
        }
        end_text(pieced);
    }
}

/* ---- all of them ------------------------------------------------------------------------------------------------------------ */

/* Line ends and quotes that are escaped, at any level, as themselves; `out` has room for n bytes. Returns the size, 0 if too few are. */
static size_t undo_line_ends(const uint8_t *s, size_t n, uint8_t *out)
{
    size_t size = 0, ends = 0, at = 0;
    while (at < n) {
        const uint8_t *found = memchr(s + at, '\\', n - at);
        const size_t stop = found != NULL ? (size_t)(found - s) : n;
        memcpy(out + size, s + at, stop - at);
        size += stop - at;
        at = skip(s, n, stop, "\\", 1);
        const uint8_t c = at < n ? s[at] : 0;
        if (at > stop && (c == 'n' || c == 'r' || c == 't' || c == '"' || c == '\'' || c == '/')) {
            ends += c == 'n';
            out[size] = c == 'n' ? '\n' : c == 't' ? '\t' : c;
            size += c != 'r';
            at++;
        } else {
            memcpy(out + size, s + stop, at - stop);
            size += at - stop;
        }
    }
    return ends >= FEWEST_LINES ? size : 0;
}

static bool take_by_line(const uint8_t *s, size_t n, seq_pieced *pieced)
{
    if (pieced->counts[MARK_LINE] == 0) {
        return true;
    }
    if (!find_lines(s, n, pieced)) {
        return false;
    }
    take_lines(s, pieced);
    pieced->upto[CUT_PREFIXES] = pieced->count;
    if (pieced->has_even) {
        take_even_lines(s, pieced);
    }
    pieced->upto[CUT_EVEN_LINES] = pieced->count;
    pieced->is_dump = pieced->may_dump && find_dump(s, pieced);
    if (pieced->counts[MARK_HUNK] >= 2) {
        take_side(s, n, '+', pieced);
        take_side(s, n, '-', pieced);
    }
    pieced->upto[CUT_SIDES] = pieced->count;
    for (int separator = MARK_TAB; separator <= MARK_SEMICOLON; separator++) {
        if (pieced->counts[separator] >= FEWEST_ROWS && !take_columns(s, separator, pieced)) {
            return false;
        }
    }
    pieced->upto[CUT_COLUMNS] = pieced->count;
    return true;
}

/* Puts together every text that stands cut up in `s`; false if memory is out. */
static bool take_apart(const uint8_t *s, size_t n, seq_pieced *pieced)
{
    const size_t *counts = pieced->counts;
    pieced->size = pieced->count = pieced->cuts = 0;
    pieced->failed = pieced->is_dump = pieced->rotated = pieced->reversed = false;
    memset(pieced->upto, 0, sizeof pieced->upto);
    if (!find_marks(s, n, pieced)) {
        return false;
    }
    if (counts[MARK_DOUBLE] >= DENSE_QUOTES) {
        take_strings(s, n, false, pieced);
    }
    if (counts[MARK_SINGLE] >= 2 * FEWEST_STRINGS) {
        take_strings(s, n, true, pieced);
    }
    pieced->upto[CUT_STRINGS] = pieced->count;
    if (counts[MARK_TAG] >= FEWEST_TAGS) {
        take_markup(s, n, pieced);
    }
    pieced->upto[CUT_MARKUP] = pieced->count;
    if (counts[MARK_BRACKET] >= FEWEST_LINKS) {
        take_links(s, n, pieced);
    }
    pieced->upto[CUT_LINKS] = pieced->count;
    if (counts[MARK_NUMBER] >= FEWEST_NUMBERS) {
        take_numbers(s, n, pieced);
    }
    pieced->upto[CUT_NUMBERS] = pieced->count;
    take_ciphers(s, n, pieced);
    pieced->upto[CUT_CIPHERS] = pieced->count;
    if (counts[MARK_BACKSLASH] >= FEWEST_LINES) {
        if (!ensure(&pieced->plain_block, n + 1)) {
            return false;
        }
        const size_t size = undo_line_ends(s, n, pieced->plain_block.data);
        if (size > 0) {
            s = pieced->plain_block.data;
            n = size;
            if (!find_marks(s, n, pieced)) {
                return false;
            }
        }
    }
    return take_by_line(s, n, pieced) && !pieced->failed;
}

#endif
