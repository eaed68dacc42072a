/* Text in lines, in the columns of a table and in lists of numbers, put together; rearranged.py states the rules. */
#ifndef SEQUESTER_KERNEL_LINES_H
#define SEQUESTER_KERNEL_LINES_H

#include "_kernel_strings.h"

/* ---- lines ------------------------------------------------------------------------------------------------------------------ */

static void share_beginning(const uint8_t *s, seq_line *a, seq_line *b)
{
    size_t i = a->begin, j = b->begin;
    while (i < a->end && j < b->end && i - a->begin < PREFIX_LENGTH) {
        const uint8_t c = s[i];
        if (is_digit(c) && is_digit(s[j])) {
            while (i < a->end && is_digit(s[i])) {
                i++;
            }
            while (j < b->end && is_digit(s[j])) {
                j++;
            }
            if ((i < a->end && is_alnum(s[i])) || (j < b->end && is_alnum(s[j]))) {
                continue; /* hex, or the beginning of a word */
            }
        } else if (c == s[j]) {
            i++;
            j++;
            if (c == ' ') {
                a->word = a->word > i ? a->word : i;
                b->word = b->word > j ? b->word : j;
            }
            if (c >= 0x80 || is_upper(c) || is_lower(c) || c == ' ' || c == '\t' || c == '\r') {
                continue;
            }
        } else {
            break;
        }
        a->cut = a->cut > i ? a->cut : i;
        b->cut = b->cut > j ? b->cut : j;
    }
}

static inline bool is_margin(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Whether there is no blank in a stretch but around it. */
static bool is_solid(const uint8_t *s, size_t start, size_t end)
{
    while (start < end && is_margin(s[start])) {
        start++;
    }
    while (end > start && is_margin(s[end - 1])) {
        end--;
    }
    return memchr(s + start, ' ', end - start) == NULL;
}

/* Whether the beginning of a line would be in the way: letters and digits, and before an encoding also the signs of its alphabets. */
static bool is_in_the_way(const uint8_t *s, const seq_line *line)
{
    bool sign = false;
    for (size_t i = line->begin; i < line->cut; i++) {
        if (is_alnum(s[i])) {
            return true;
        }
        sign |= memchr("/+=_-", s[i], 5) != NULL;
    }
    return sign && is_solid(s, line->cut, line->end);
}

static void add_line(const uint8_t *s, seq_line *line, seq_pieced *pieced)
{
    size_t ink = line->cut;
    while (ink < line->word && is_margin(s[ink])) {
        ink++;
    }
    if (ink < line->word && is_solid(s, line->word, line->end)) {
        line->cut = line->word; /* words before an encoding */
    }
    if (line->cut > line->begin && line->end - line->start <= LONGEST_ROW && is_in_the_way(s, line)) {
        add_cut(pieced, line->cut, line->end);
    } else if (pieced->cuts > 0) {
        put_cuts(pieced, s, FEWEST_LINES, "\n");
    }
}

/* Lines without the beginnings that they share with a neighbour. */
static void take_lines(const uint8_t *s, seq_pieced *pieced)
{
    seq_line *lines = pieced->lines_block.data;
    for (size_t i = 0; i + 1 < pieced->lines; i++) {
        share_beginning(s, &lines[i], &lines[i + 1]);
        add_line(s, &lines[i], pieced);
    }
    add_line(s, &lines[pieced->lines - 1], pieced);
    put_cuts(pieced, s, FEWEST_LINES, "\n");
}

/* The number of hex digits at `at`, and their value. */
static size_t hex_digits(const uint8_t *s, size_t n, size_t at, uint64_t *value)
{
    size_t end = at;
    for (*value = 0; end < n && end - at < 16 && hex_value(s[end]) >= 0; end++) {
        *value = *value << 4 | (uint64_t)hex_value(s[end]);
    }
    return end - at;
}

/* Whether two neighbouring lines begin with offsets that lie 8, 16 or 32 apart, and with bytes. */
static bool find_dump(const uint8_t *s, const seq_pieced *pieced)
{
    const seq_line *lines = pieced->lines_block.data;
    uint64_t before = 0, value;
    bool had = false;
    for (size_t i = 0; i < pieced->lines; i++) {
        const size_t end = lines[i].end;
        if (end - lines[i].begin < 8 || hex_value(s[lines[i].begin + 5]) < 0) {
            had = false;
            continue;
        }
        const size_t digits = hex_digits(s, end, lines[i].begin, &value);
        size_t next = lines[i].begin + digits;
        next += next < end && s[next] == ':';
        size_t bytes = next;
        while (bytes < end && s[bytes] == ' ') {
            bytes++;
        }
        const bool has = digits >= 6 && bytes > next && hex_pair(s, end, bytes) >= 0;
        const uint64_t step = value - before;
        if (had && has && (step == 8 || step == 16 || step == 32)) {
            return true;
        }
        had = has;
        before = value;
    }
    return false;
}

static inline bool is_brief(size_t size)
{
    return size >= 2 && size < 16;
}

/* Short lines of one length without a blank, as one, with the shorter one after them. */
static void take_even_lines(const uint8_t *s, seq_pieced *pieced)
{
    const seq_line *lines = pieced->lines_block.data;
    size_t length = 0;
    for (size_t i = 0; i < pieced->lines; i++) {
        const size_t size = lines[i].end - lines[i].start;
        const bool fits = is_brief(size) && memchr(s + lines[i].start, ' ', size) == NULL;
        if (!fits || (pieced->cuts > 0 && size != length && !(pieced->cuts > 1 && size < length))) {
            put_cuts(pieced, s, FEWEST_EVEN, "");
        }
        if (fits) {
            length = pieced->cuts == 0 ? size : length;
            add_cut(pieced, lines[i].start, lines[i].end);
            if (size < length) {
                put_cuts(pieced, s, FEWEST_EVEN, "");
            }
        }
    }
    put_cuts(pieced, s, FEWEST_EVEN, "");
}

/* One side of the hunks of a diff. */
static void take_side(const uint8_t *s, size_t n, uint8_t side, seq_pieced *pieced)
{
    const seq_line *lines = pieced->lines_block.data;
    bool inside = false;
    for (size_t i = 0; i < pieced->lines; i++) {
        const size_t at = lines[i].start;
        if (starts(s, n, at, "@@ ", 3)) {
            inside = true;
        } else if (inside && lines[i].end > at && (s[at] == side || s[at] == ' ')) {
            add_cut(pieced, at + 1, lines[i].end);
        }
    }
    put_cuts(pieced, s, FEWEST_LINES, "\n");
}

/* ---- columns ---------------------------------------------------------------------------------------------------------------- */

static void put_columns(const uint8_t *s, seq_line *rows, size_t count, int separator, seq_pieced *pieced)
{
    const size_t width = rows[0].cells + 1;
    for (size_t row = 0; row < count; row++) {
        rows[row].cut = rows[row].start;
    }
    for (size_t column = 0; column < width; column++) {
        for (size_t row = 0; row < count; row++) {
            const size_t start = rows[row].cut, end = rows[row].end, next = next_mark(pieced, separator, start);
            add_cut(pieced, start, next < end ? next : end);
            rows[row].cut = next + 1;
        }
        put_cuts(pieced, s, FEWEST_ROWS, "\n");
    }
}

/* Each column of neighbouring lines that a separator cuts into as many cells. */
static void take_columns(const uint8_t *s, int separator, seq_pieced *pieced)
{
    seq_line *lines = pieced->lines_block.data;
    size_t rows = 0, length = 0, next = next_mark(pieced, separator, 0);
    for (size_t i = 0; i <= pieced->lines; i++) {
        const size_t size = i < pieced->lines ? lines[i].end - lines[i].start : 0;
        size_t cells = 0;
        if (size > 0 && next < lines[i].end) {
            cells = size <= 2 * LONGEST_ROW ? marks_within(pieced, separator, lines[i].start, lines[i].end) : 0;
            lines[i].cells = cells;
            next = next_mark(pieced, separator, lines[i].end);
        }
        const bool fits = cells > 0 && cells < WIDEST_ROW;
        if (rows > 0 && (!fits || cells != lines[i - 1].cells)) {
            if (rows >= FEWEST_ROWS && length <= LONGEST_ROW * rows) {
                put_columns(s, lines + i - rows, rows, separator, pieced);
            }
            rows = length = 0;
        }
        if (fits) {
            rows++;
            length += size;
        }
    }
}

/* ---- numbers ---------------------------------------------------------------------------------------------------------------- */

/* The number after `0x`, `U+` or `\u{` whose last character is the mark at `at`; its end, or 0. */
static size_t spelled_number(const uint8_t *s, size_t n, size_t at, uint64_t *value)
{
    if (at == 0 || !((s[at] == 'x' && s[at - 1] == '0') || (s[at] == '+' && s[at - 1] == 'U') || (s[at] == '{' && s[at - 1] == 'u'))) {
        return 0;
    }
    const size_t digits = hex_digits(s, n, at + 1, value);
    return digits >= 2 && digits <= (s[at] == 'x' ? 2 : 6) ? at + 1 + digits : 0;
}

static size_t next_number(const seq_pieced *pieced, size_t at)
{
    const uint64_t *x = pieced->words + MARK_X * pieced->stride, *plus = x + pieced->stride, *brace = plus + pieced->stride;
    size_t word = at / 64;
    for (uint64_t from = ~UINT64_C(0) << (at % 64); word < pieced->stride; word++, from = ~UINT64_C(0)) {
        const uint64_t bits = (x[word] | plus[word] | brace[word]) & from;
        if (bits != 0) {
            return 64 * word + trailing_zeros(bits);
        }
    }
    return pieced->size_marked;
}

/* Numbers close to each other, in decimal. */
static void take_numbers(const uint8_t *s, size_t n, seq_pieced *pieced)
{
    size_t last = 0, count = 0, from = pieced->size;
    for (size_t at = next_number(pieced, 0);; at = next_number(pieced, at + 1)) {
        uint64_t value = 0;
        const size_t end = at < n ? spelled_number(s, n, at, &value) : 0;
        if (at < n && end == 0) {
            continue;
        }
        if (count > 0 && (at == n || at - last > NEAR_NUMBERS)) {
            if (count >= FEWEST_NUMBERS) {
                end_text(pieced);
            } else {
                pieced->size = from;
            }
            from = pieced->size;
            count = 0;
        }
        if (at == n) {
            return;
        }
        uint8_t digits[16];
        size_t size = sizeof digits;
        digits[--size] = ',';
        do {
            digits[--size] = (uint8_t)('0' + value % 10);
            value /= 10;
        } while (value > 0);
        put(pieced, digits + size, sizeof digits - size);
        count++;
        last = end;
    }
}

#endif
