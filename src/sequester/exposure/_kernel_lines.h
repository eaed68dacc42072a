/* Text in lines, in the columns of a table and in lists of numbers, put together; rearranged.py states the rules. */
#ifndef SEQUESTER_KERNEL_LINES_H
#define SEQUESTER_KERNEL_LINES_H

#include "_kernel_strings.h"

/* ---- lines ------------------------------------------------------------------------------------------------------------------ */

static inline bool is_brief(size_t size)
{
    return size >= 2 && size < 16;
}

/* Where lines end, and begin behind their indentation. Three of a word of bits are noted without a branch, for how many there are cannot be
 * foreseen: `lines` has room for so many more. */
static void find_bounds(const seq_pieced *pieced, seq_line *lines)
{
    const uint64_t *ends = pieced->words + MARK_LINE * pieced->stride;
    const uint64_t *tabs = pieced->words + MARK_TAB * pieced->stride, *blanks = pieced->words + MARK_BLANK * pieced->stride;
    seq_line *ending = lines, *beginning = lines;
    const uint64_t last = UINT64_C(1) << 63; /* for the sake of words without lines */
    uint64_t open = 1; /* whether a line starts here, or has only been blank so far */
    for (size_t word = 0; word < pieced->stride; word++) {
        uint64_t end = ends[word];
        const uint64_t blank = tabs[word] | blanks[word], starts = end << 1 | open, passed = blank + (starts & blank);
        uint64_t begin = (starts | passed) & ~blank; /* a sum carries over the blanks of an indentation */
        seq_line *next_ending = ending + bit_count(end), *next_beginning = beginning + bit_count(begin);
        open = end >> 63 | (passed < blank);
        for (int i = 0; i < 3; i++, end &= end - 1, begin &= begin - 1) {
            ending[i].end = 64 * word + trailing_zeros(end | last);
            beginning[i].begin = 64 * word + trailing_zeros(begin | last);
        }
        for (ending += 3; end != 0; ending++, end &= end - 1) {
            ending->end = 64 * word + trailing_zeros(end);
        }
        for (beginning += 3; begin != 0; beginning++, begin &= begin - 1) {
            beginning->begin = 64 * word + trailing_zeros(begin);
        }
        ending = next_ending;
        beginning = next_beginning;
    }
    ending->end = pieced->size_marked;
}

/* All lines, and what is to be looked for in them; false if memory is out. Hardly branches: how lines begin cannot be foreseen. Lines begin
 * alike if they may share a mark or a number there: in the first character, and behind a letter also in the second one. */
static bool find_lines(const uint8_t *s, size_t n, seq_pieced *pieced)
{
    const size_t count = pieced->counts[MARK_LINE] + 1;
    if (!ensure(&pieced->lines_block, (count + 3) * sizeof(seq_line)) || !ensure(&pieced->alike_block, (count / 64 + 2) * sizeof(uint64_t))) {
        return false;
    }
    seq_line *lines = pieced->lines_block.data;
    uint64_t *words = pieced->alike_block.data, alike = 0; /* bits of lines that begin as the one before */
    size_t start = 0, even = 0, most_even = 0;
    unsigned before = UINT32_MAX;
    uint8_t hex = 0, offsets = 0;
    find_bounds(pieced, lines);
    *words++ = 0; /* a word before the first, for what a word's first line says about the one before it */
    for (size_t i = 0; i < count; i++) {
        const size_t end = lines[i].end, begin = lines[i].begin;
        const uint8_t one = s[begin < n ? begin : n - 1], two = s[begin + 1 < n ? begin + 1 : n - 1], hex_before = hex;
        const unsigned first = tables.beginnings[one] | (tables.beginnings[two] & tables.behind[one]) << 8;
        lines[i].start = start;
        even = is_brief(end - start) ? even + 1 : 0;
        most_even = even > most_even ? even : most_even;
        hex = tables.kinds[one] & tables.kinds[two] & KIND_HEX;
        offsets |= hex & hex_before;
        alike |= (uint64_t)((first == before) & (one != '\n')) << (i % 64);
        before = first;
        start = end + 1;
        if (i % 64 == 63 || i + 1 == count) {
            words[i / 64] = alike | alike >> 1;
            words[(ptrdiff_t)(i / 64) - 1] |= alike << 63;
            alike = 0;
        }
    }
    pieced->lines = count;
    pieced->alike = words;
    pieced->has_even = most_even >= FEWEST_EVEN;
    pieced->may_dump = offsets != 0;
    return true;
}

static inline bool is_margin(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static void share_beginning(const uint8_t *s, seq_line *a, seq_line *b)
{
    size_t i = a->begin, j = b->begin, cut = 0, other_cut = 0, word = 0, other_word = 0;
    while (i < a->end && j < b->end && i - a->begin < PREFIX_LENGTH) {
        const uint8_t c = s[i];
        if (c != s[j] && !(is_digit(c) && is_digit(s[j]))) {
            break;
        }
        bool ends = !tables.behind[c] && !is_margin(c);
        if (is_digit(c)) {
            while (i < a->end && is_digit(s[i])) {
                i++;
            }
            while (j < b->end && is_digit(s[j])) {
                j++;
            }
            ends = !(i < a->end && is_alnum(s[i])) && !(j < b->end && is_alnum(s[j])); /* else hex, or the beginning of a word */
        } else {
            i++;
            j++;
            word = c == ' ' ? i : word;
            other_word = c == ' ' ? j : other_word;
        }
        cut = ends ? i : cut;
        other_cut = ends ? j : other_cut;
    }
    a->cut = a->cut > cut ? a->cut : cut;
    b->cut = b->cut > other_cut ? b->cut : other_cut;
    a->word = a->word > word ? a->word : word;
    b->word = b->word > other_word ? b->word : other_word;
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
        put_cuts(pieced, s, FEWEST_LINES, '\n');
    }
}

static inline bool is_alike(const seq_pieced *pieced, size_t line)
{
    return line < pieced->lines && (pieced->alike[line / 64] >> (line % 64) & 1);
}

/* The first line from `line` on that begins as a neighbour does, or the number of lines. */
static size_t next_alike(const seq_pieced *pieced, size_t line)
{
    while (line < pieced->lines && pieced->alike[line / 64] >> (line % 64) == 0) {
        line = (line / 64 + 1) * 64;
    }
    return line < pieced->lines ? line + trailing_zeros(pieced->alike[line / 64] >> (line % 64)) : pieced->lines;
}

/* Lines without the beginnings that they share with a neighbour. */
static void take_lines(const uint8_t *s, seq_pieced *pieced)
{
    seq_line *lines = pieced->lines_block.data;
    for (size_t line = next_alike(pieced, 0); line < pieced->lines; line = next_alike(pieced, line + 1)) {
        if (!is_alike(pieced, line + FEWEST_LINES - 1)) {
            continue; /* most are alone with their neighbour */
        }
        lines[line].cut = lines[line].word = lines[line].begin;
        for (; is_alike(pieced, line); line++) {
            if (line + 1 < pieced->lines) {
                lines[line + 1].cut = lines[line + 1].word = lines[line + 1].begin;
                share_beginning(s, &lines[line], &lines[line + 1]);
            }
            add_line(s, &lines[line], pieced);
        }
        put_cuts(pieced, s, FEWEST_LINES, '\n');
    }
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
        const uint8_t *first = s + lines[i].begin;
        if (end - lines[i].begin < 8 || !(tables.kinds[first[0]] & tables.kinds[first[1]] & tables.kinds[first[2]] & tables.kinds[first[3]] &
                                          tables.kinds[first[4]] & tables.kinds[first[5]] & KIND_HEX)) {
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
        const bool has = bytes > next && hex_pair(s, end, bytes) >= 0;
        const uint64_t step = value - before;
        if (had && has && (step == 8 || step == 16 || step == 32)) {
            return true;
        }
        had = has;
        before = value;
    }
    return false;
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
            put_cuts(pieced, s, FEWEST_EVEN, 0);
        }
        if (fits) {
            length = pieced->cuts == 0 ? size : length;
            add_cut(pieced, lines[i].start, lines[i].end);
            if (size < length) {
                put_cuts(pieced, s, FEWEST_EVEN, 0);
            }
        }
    }
    put_cuts(pieced, s, FEWEST_EVEN, 0);
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
    put_cuts(pieced, s, FEWEST_LINES, '\n');
}

/* ---- columns ---------------------------------------------------------------------------------------------------------------- */

static void put_columns(const uint8_t *s, seq_line *rows, size_t count, size_t width, int separator, seq_pieced *pieced)
{
    for (size_t row = 0; row < count; row++) {
        rows[row].cut = rows[row].start;
    }
    for (size_t column = 0; column < width; column++) {
        for (size_t row = 0; row < count; row++) {
            const size_t start = rows[row].cut, end = rows[row].end, next = next_mark(pieced, separator, start);
            add_cut(pieced, start, next < end ? next : end);
            rows[row].cut = next + 1;
        }
        put_cuts(pieced, s, FEWEST_ROWS, '\n');
    }
}

/* Puts the columns of some rows together, if these are short on average. */
static void put_table(const uint8_t *s, seq_line *rows, size_t count, size_t width, int separator, seq_pieced *pieced)
{
    size_t length = 0;
    for (size_t row = 0; row < count; row++) {
        length += rows[row].end - rows[row].start;
    }
    if (length <= LONGEST_ROW * count) {
        put_columns(s, rows, count, width, separator, pieced);
    }
}

/* How many separators stand before each word of bits. */
static const uint32_t *count_before(const uint64_t *words, seq_pieced *pieced)
{
    uint32_t *before = ensure(&pieced->before_block, pieced->stride * sizeof(uint32_t)) ? pieced->before_block.data : NULL;
    uint32_t seen = 0;
    for (size_t word = 0; before != NULL && word < pieced->stride; word++) {
        before[word] = seen;
        seen += (uint32_t)bit_count(words[word]);
    }
    return before;
}

/* Each column of neighbouring lines that a separator cuts into as many cells; false if memory is out. Hardly branches: which lines hold
 * a separator cannot be foreseen. */
static bool take_columns(const uint8_t *s, int separator, seq_pieced *pieced)
{
    seq_line *lines = pieced->lines_block.data;
    const uint64_t *words = pieced->words + (size_t)separator * pieced->stride;
    const uint32_t *before = count_before(words, pieced);
    if (before == NULL) {
        return false;
    }
    uint32_t rows = 0, cells = 0, until = 0; /* separators before the last line's end */
    for (size_t line = 0; line < pieced->lines; line++) {
        const size_t end = lines[line].end;
        const uint32_t here = before[end / 64] + (uint32_t)bit_count(words[end / 64] & ((UINT64_C(1) << end % 64) - 1));
        const bool fits = (here - until < WIDEST_ROW) & (end - lines[line].start <= 2 * LONGEST_ROW);
        const uint32_t found = (here - until) * fits;
        until = here;
        if ((found != cells) & (rows >= FEWEST_ROWS)) {
            put_table(s, lines + line - rows, rows, cells + 1, separator, pieced);
        }
        rows = (rows * (found == cells) + 1) * (found != 0);
        cells = found;
    }
    if (rows >= FEWEST_ROWS) {
        put_table(s, lines + pieced->lines - rows, rows, cells + 1, separator, pieced);
    }
    return true;
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

/* Numbers close to each other, in decimal. */
static void take_numbers(const uint8_t *s, size_t n, seq_pieced *pieced)
{
    size_t last = 0, count = 0, from = pieced->size;
    for (size_t at = next_mark(pieced, MARK_NUMBER, 0);; at = next_mark(pieced, MARK_NUMBER, at + 1)) {
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
