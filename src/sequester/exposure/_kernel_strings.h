/* Text in quoted strings, and between tags or links, put together; rearranged.py states the rules. */
#ifndef SEQUESTER_KERNEL_STRINGS_H
#define SEQUESTER_KERNEL_STRINGS_H

#include "_kernel_marks.h"

/* ---- strings ---------------------------------------------------------------------------------------------------------------- */

typedef struct {
    size_t level, start;
    uint8_t quote;
    bool leaf;
} seq_quote;

static inline bool is_word(const uint8_t *s, size_t n, size_t at)
{
    return at < n && (is_alnum(s[at]) || s[at] == '_' || s[at] >= 0x80);
}

static inline bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static uint64_t key_of(const uint8_t *s, size_t start, size_t end, size_t nesting)
{
    uint64_t key = UINT64_C(0xCBF29CE484222325) + nesting;
    for (; start < end; start++) {
        key = is_digit(s[start]) ? key : (key ^ s[start]) * UINT64_C(0x100000001B3);
    }
    return key;
}

static inline size_t after_blanks(const uint8_t *s, size_t n, size_t at)
{
    while (at < n && (s[at] == ' ' || s[at] == '\n')) {
        at++;
    }
    return at;
}

/* Whether a list of records ends at `at`. */
static bool ends_records(const uint8_t *s, size_t at)
{
    while (at > 0 && (s[at - 1] == ' ' || s[at - 1] == '\n')) {
        at--;
    }
    return at > 0 && s[at - 1] == '}';
}

/* The key that values stand under, and how deep in lists of records: tokens are told from their alternatives. */
typedef struct {
    uint64_t key;
    size_t nesting, bracket;
} seq_place;

/* The end of the entries of a list of integers, of which the first digit stands at `at`: at most SHORT_PIECE bytes. */
static size_t end_of_entries(const uint8_t *s, size_t n, size_t at)
{
    size_t end = at;
    while (end < n && end - at < SHORT_PIECE && (is_digit(s[end]) || s[end] == ',' || s[end] == ' ')) {
        end++;
    }
    return end;
}

/* Adds the integer that a string is, or that it ends in behind a colon, as a cut of its own kind. */
static void add_integer(const uint8_t *s, size_t start, size_t end, uint64_t key, seq_pieced *pieced)
{
    size_t digits = end;
    while (digits > start && end - digits <= 10 && is_digit(s[digits - 1])) {
        digits--;
    }
    if (digits < end && end - digits <= 10 && (digits == start || s[digits - 1] == ':')) {
        add_keyed(pieced, key, true, digits, end);
    }
}

/* A string that ends at `end`, its closing quote. Sets the key, or adds a cut; integers after a key, and keys that are some, are cuts of
 * their own kind. */
static void add_string(const uint8_t *s, size_t n, size_t start, size_t end, size_t close, seq_place *place, seq_pieced *pieced)
{
    size_t next = close + 1;
    if (end - start > SHORT_PIECE) {
        return;
    }
    while (next < n && s[next] == ' ') {
        next++;
    }
    if (next >= n || s[next] != ':') {
        add_keyed(pieced, place->key, false, start, end);
        add_integer(s, start, end, place->key, pieced);
        return;
    }
    place->key = key_of(s, start, end, place->nesting);
    for (next++; next < n && s[next] == ' '; next++) {
    }
    if (next < n && s[next] == '[') {
        const size_t first = after_blanks(s, n, next + 1);
        place->nesting += first < n && s[first] == '{';
        if (next + 1 < n && is_digit(s[next + 1])) {
            add_keyed(pieced, place->key, true, next + 1, end_of_entries(s, n, next + 1));
        }
        return;
    }
    size_t digits = next;
    while (digits < n && digits - next < 10 && is_digit(s[digits])) {
        digits++;
    }
    if (digits > next) {
        add_keyed(pieced, place->key, true, next, digits);
        return;
    }
    for (digits = start; digits < end && is_digit(s[digits]); digits++) {
    }
    if (digits == end && end > start) {
        add_keyed(pieced, place->key, true, start, end);
    }
}

/* Puts the cuts of one kind and, unless that is NULL, one key together. */
static void put_group(const uint8_t *s, const uint64_t *key, bool number, seq_pieced *pieced)
{
    const seq_cut *cuts = pieced->cuts_block.data;
    size_t found = 0;
    for (size_t i = 0; i < pieced->cuts; i++) {
        found += cuts[i].number == number && (key == NULL || cuts[i].key == *key);
    }
    for (size_t i = 0; found >= FEWEST_STRINGS && i < pieced->cuts; i++) {
        if (cuts[i].number == number && (key == NULL || cuts[i].key == *key)) {
            put(pieced, s + cuts[i].start, cuts[i].end - cuts[i].start);
            put(pieced, (const uint8_t *)",", number);
        }
    }
    if (found >= FEWEST_STRINGS) {
        end_text(pieced);
    }
}

static void put_strings(const uint8_t *s, seq_pieced *pieced)
{
    seq_cut groups[MOST_KEYS];
    size_t count = 0;
    const seq_cut *cuts = pieced->cuts_block.data;
    for (size_t i = 0; i < pieced->cuts; i++) {
        size_t known = 0;
        while (known < count && (groups[known].key != cuts[i].key || groups[known].number != cuts[i].number)) {
            known++;
        }
        if (known == count && count < MOST_KEYS) {
            groups[count++] = cuts[i];
        }
    }
    put_group(s, NULL, false, pieced);
    for (size_t k = 0; k < count; k++) {
        if (count == 1 && !groups[k].number) {
            break; /* the same as all */
        }
        put_group(s, &groups[k].key, groups[k].number, pieced);
    }
    pieced->cuts = 0;
}

/* Windows of 512 bytes in which quotes stand close to each other are searched, with one window on both sides. */
static bool is_dense(const seq_pieced *pieced, bool single, size_t window)
{
    const size_t word = window * DENSE_WORDS;
    if (word >= pieced->stride) {
        return false;
    }
    const size_t count = pieced->stride - word < DENSE_WORDS ? pieced->stride - word : DENSE_WORDS;
    size_t quotes = bits_in(pieced->words + MARK_DOUBLE * pieced->stride + word, count);
    quotes += single ? bits_in(pieced->words + MARK_SINGLE * pieced->stride + word, count) : 0;
    return quotes >= DENSE_QUOTES;
}

static void take_quotes(const uint8_t *s, size_t from, size_t n, bool single, seq_pieced *pieced)
{
    seq_quote open[DEEPEST_QUOTES];
    size_t depth = 0;
    seq_place place = {0, 0, next_mark(pieced, MARK_BRACKET, from)};
    size_t apostrophe = single ? next_mark(pieced, MARK_SINGLE, from) : SIZE_MAX, quote = next_mark(pieced, MARK_DOUBLE, from);
    for (;;) {
        const size_t at = quote < apostrophe ? quote : apostrophe;
        if (at >= n) {
            break;
        }
        for (; place.bracket < at; place.bracket = next_mark(pieced, MARK_BRACKET, place.bracket + 1)) {
            place.nesting -= place.nesting > 0 && ends_records(s, place.bracket);
        }
        if (at == quote) {
            quote = next_mark(pieced, MARK_DOUBLE, at + 1);
        } else {
            apostrophe = next_mark(pieced, MARK_SINGLE, at + 1);
        }
        if (n - at > 2 && s[at + 1] == s[at] && s[at + 2] == s[at]) {
            depth = 0; /* around a text of many lines */
            size_t *next = s[at] == '"' ? &quote : &apostrophe;
            *next = next_mark(pieced, s[at] == '"' ? MARK_DOUBLE : MARK_SINGLE, at + 3);
            continue;
        }
        size_t before = at;
        while (before > from && s[before - 1] == '\\') {
            before--;
        }
        const size_t level = at - before;
        while (depth > 0 && open[depth - 1].level > level) {
            depth--;
        }
        if (depth > 1 && s[at] == '"' && open[depth - 1].quote == '\'' && open[depth - 2].quote == '"' && open[depth - 2].level == level) {
            depth--; /* an apostrophe */
        }
        seq_quote *top = depth > 0 ? &open[depth - 1] : NULL;
        if (top != NULL && top->level == level && top->quote == s[at]) {
            if (!(s[at] == '\'' && is_word(s, n, at + 1))) {
                if (top->leaf) {
                    add_string(s, n, top->start, before, at, &place, pieced);
                }
                depth--;
            }
            continue;
        }
        if (s[at] == '\'' && before > from && is_word(s, n, before - 1)) {
            continue;
        }
        if (top != NULL) {
            top->leaf = false;
        }
        if (depth < DEEPEST_QUOTES) {
            open[depth++] = (seq_quote){level, at + 1, s[at], true};
        }
    }
    put_strings(s, pieced);
}

static void take_strings(const uint8_t *s, size_t n, bool single, seq_pieced *pieced)
{
    size_t start = SIZE_MAX, missed = 0; /* the window before the first dense one; windows since the last one */
    for (size_t window = 0; window * 64 * DENSE_WORDS < n || start != SIZE_MAX; window++) {
        if (is_dense(pieced, single, window)) {
            start = start != SIZE_MAX ? start : window > 0 ? window - 1 : 0;
            missed = 0;
        } else if (start != SIZE_MAX && ++missed == 2) {
            const size_t stop = window * 64 * DENSE_WORDS;
            take_quotes(s, start * 64 * DENSE_WORDS, stop < n ? stop : n, single, pieced);
            start = SIZE_MAX;
        }
    }
}

/* ---- tags and links --------------------------------------------------------------------------------------------------------- */

static size_t find_text(const uint8_t *s, size_t n, size_t at, const char *what, size_t size)
{
    for (; at + size <= n; at++) {
        const uint8_t *found = memchr(s + at, what[0], n - size + 1 - at);
        if (found == NULL) {
            break;
        }
        at = (size_t)(found - s);
        if (memcmp(found, what, size) == 0) {
            return at;
        }
    }
    return n;
}

static inline bool named(const uint8_t *s, size_t n, size_t at, const char *name, size_t size)
{
    if (at > n || n - at < size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if ((s[at + i] | 0x20) != (uint8_t)name[i]) {
            return false;
        }
    }
    return true;
}

/* The end of a tag that starts at `at`, or `at`. `closed` remembers what was looked for in vain. */
static size_t end_of_tag(const uint8_t *s, size_t n, size_t at, bool *unclosed)
{
    const size_t reach = n - at > 4000 ? at + 4000 : n;
    const uint8_t next = at + 1 < n ? s[at + 1] : 0;
    if (!*unclosed && starts(s, n, at, "<!--", 4)) {
        const size_t end = find_text(s, n, at + 4, "-->", 3);
        *unclosed = end == n;
        return end == n ? at : end + 3;
    }
    if (!is_upper(next) && !is_lower(next) && next != '/' && next != '!' && next != '?') {
        return at;
    }
    size_t end = at + 1;
    while (end < reach && s[end] != '>' && s[end] != '<') {
        end++;
    }
    if (end == reach || s[end] == '<') {
        return at;
    }
    end++;
    if (!*unclosed && (named(s, n, at + 1, "script", 6) || named(s, n, at + 1, "style", 5))) {
        const size_t close = find_text(s, n, end, "</s", 3);
        *unclosed = close == n;
        return close == n ? end : close;
    }
    return end;
}

/* Cuts out [start, end), behind which the text goes on at `last`; SIZE_MAX: nothing was cut out yet. What lies far behind joins nothing. */
static void cut_out(const uint8_t *s, size_t start, size_t end, size_t fewest, size_t *last, seq_pieced *pieced)
{
    if (*last == SIZE_MAX || start - *last > SHORT_PIECE) {
        put_cuts(pieced, s, fewest, 0);
        *last = start > SHORT_PIECE ? start - SHORT_PIECE : 0;
    }
    add_cut(pieced, *last, start);
    *last = end;
}

static void end_cutting(const uint8_t *s, size_t n, size_t fewest, size_t last, seq_pieced *pieced)
{
    if (last != SIZE_MAX) {
        add_cut(pieced, last, n - last > SHORT_PIECE ? last + SHORT_PIECE : n);
    }
    put_cuts(pieced, s, fewest, 0);
}

/* Joins what stands between tags that are close to each other. */
static void take_markup(const uint8_t *s, size_t n, seq_pieced *pieced)
{
    size_t last = SIZE_MAX;
    bool unclosed = false;
    for (size_t at = next_mark(pieced, MARK_TAG, 0); at < n; at = next_mark(pieced, MARK_TAG, at)) {
        const size_t end = end_of_tag(s, n, at, &unclosed);
        if (end == at) {
            at++;
            continue;
        }
        cut_out(s, at, end, FEWEST_TAGS, &last, pieced);
        at = end;
    }
    end_cutting(s, n, FEWEST_TAGS, last, pieced);
}

/* Where a link's target or a footnote's mark around the bracket at `at` starts and ends; equal if there is none. */
static void find_link(const uint8_t *s, size_t n, size_t at, size_t *start, size_t *end)
{
    *start = *end = at;
    if (at + 1 < n && s[at + 1] == '(') {
        size_t stop = at + 2;
        while (stop < n && stop - at < 2000 && s[stop] > ' ' && s[stop] != '(' && s[stop] != ')') {
            stop++;
        }
        *end = stop < n && s[stop] == ')' && stop > at + 2 ? stop + 1 : at;
        return;
    }
    size_t open = at;
    while (open > 0 && at - open < 8 && is_word(s, n, open - 1)) {
        open--;
    }
    open -= open > 0 && s[open - 1] == '^';
    if (open > 0 && s[open - 1] == '[' && open < at && is_word(s, n, at - 1)) {
        *start = open - 1;
        *end = at + 1;
    }
}

static void take_links(const uint8_t *s, size_t n, seq_pieced *pieced)
{
    size_t last = SIZE_MAX, targets = 0;
    for (size_t at = next_mark(pieced, MARK_BRACKET, 0); at < n; at = next_mark(pieced, MARK_BRACKET, at + 1)) {
        targets += (at + 1 < n && s[at + 1] == '(') || (at > 0 && is_digit(s[at - 1]));
    }
    if (targets < FEWEST_LINKS) {
        return;
    }
    for (size_t at = next_mark(pieced, MARK_BRACKET, 0); at < n; at = next_mark(pieced, MARK_BRACKET, at)) {
        size_t start, end;
        find_link(s, n, at, &start, &end);
        if (end == start || (last != SIZE_MAX && start < last)) {
            at++;
            continue;
        }
        cut_out(s, start, end, FEWEST_LINKS, &last, pieced);
        at = end;
    }
    end_cutting(s, n, FEWEST_LINKS, last, pieced);
}

#endif
