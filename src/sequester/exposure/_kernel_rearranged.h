/* Text cut up by structure, its pieces put together again; rearranged.py states the rules and is their reference. */
#ifndef SEQUESTER_KERNEL_REARRANGED_H
#define SEQUESTER_KERNEL_REARRANGED_H

#include "_kernel_memory.h"
#include "_kernel_tokens.h"

#define SHORT_PIECE 64 /* bytes; longer pieces are found one by one */
#define LONGEST_ROW 160
#define WIDEST_ROW 32
#define PREFIX_LENGTH 96
#define FEWEST_STRINGS 6
#define FEWEST_ROWS 4
#define FEWEST_LINES 3
#define FEWEST_TAGS 4
#define FEWEST_LINKS 3
#define FEWEST_EVEN 8
#define MOST_KEYS 16
#define DEEPEST_QUOTES 4
#define FEWEST_NUMBERS 18
#define NEAR_NUMBERS 16

typedef struct {
    uint64_t key;
    size_t start, end;
    bool number;
} seq_cut;

typedef struct {
    size_t start, end, begin; /* begin: after the indentation */
    size_t cut;
    uint8_t separators[4]; /* so many of each; 255: more than WIDEST_ROW */
} seq_line;

typedef struct {
    seq_block text_block, ends_block, words_block, plain_block, cuts_block, lines_block;
    size_t size, count; /* bytes and number of the texts put together */
    size_t cuts, lines;
    size_t counts[128];     /* of each mark */
    bool rotated, reversed; /* common words of three letters stand there in a cipher */
    bool is_dump; /* of bytes: lines that begin with their offset */
    bool failed;  /* memory is out */
} seq_pieced;

static void release_pieced(seq_pieced *pieced)
{
    release(&pieced->text_block);
    release(&pieced->ends_block);
    release(&pieced->words_block);
    release(&pieced->plain_block);
    release(&pieced->cuts_block);
    release(&pieced->lines_block);
}

static void put(seq_pieced *pieced, const uint8_t *s, size_t n)
{
    if (pieced->failed || !ensure(&pieced->text_block, pieced->size + n + 1)) {
        pieced->failed = true;
        return;
    }
    memcpy((uint8_t *)pieced->text_block.data + pieced->size, s, n);
    pieced->size += n;
}

static void end_text(seq_pieced *pieced)
{
    size_t *ends = pieced->failed || !ensure(&pieced->ends_block, (pieced->count + 1) * sizeof(size_t)) ? NULL : pieced->ends_block.data;
    if (ends == NULL) {
        pieced->failed = true;
    } else {
        ends[pieced->count++] = pieced->size;
    }
}

static void add_keyed(seq_pieced *pieced, uint64_t key, bool number, size_t start, size_t end)
{
    if (pieced->failed || !ensure(&pieced->cuts_block, (pieced->cuts + 1) * sizeof(seq_cut))) {
        pieced->failed = true;
        return;
    }
    ((seq_cut *)pieced->cuts_block.data)[pieced->cuts++] = (seq_cut){key, start, end, number};
}

static void add_cut(seq_pieced *pieced, size_t start, size_t end)
{
    add_keyed(pieced, 0, false, start, end);
}

/* Puts the cuts together, if they are so many and short on average, and forgets them. */
static void put_cuts(seq_pieced *pieced, const uint8_t *s, size_t fewest, const char *between)
{
    const seq_cut *cuts = pieced->cuts_block.data;
    size_t total = 0;
    for (size_t i = 0; i < pieced->cuts; i++) {
        total += cuts[i].end - cuts[i].start;
    }
    if (pieced->cuts >= fewest && total <= SHORT_PIECE * pieced->cuts) {
        for (size_t i = 0; i < pieced->cuts; i++) {
            put(pieced, s + cuts[i].start, cuts[i].end - cuts[i].start);
            put(pieced, (const uint8_t *)between, strlen(between));
        }
        end_text(pieced);
    }
    pieced->cuts = 0;
}

/* ---- the characters that structure a text, as bits -------------------------------------------------------------------------- */

static inline void note_word(const uint8_t *s, size_t at, seq_pieced *pieced)
{
    const uint8_t kinds = tables.ciphered[(s[at + 1] & 31) << 10 | (s[at + 2] & 31) << 5 | (s[at + 3] & 31)];
    if (kinds != 0 && is_letter(s[at + 1]) && is_letter(s[at + 2]) && is_letter(s[at + 3])) {
        pieced->rotated |= kinds & CIPHER_ROTATED;
        pieced->reversed |= (kinds & CIPHER_REVERSED) != 0;
    }
}

static void marks_scalar(const uint8_t *s, size_t n, uint64_t *words, seq_pieced *pieced)
{
    for (size_t at = 0; at < n; at += 64) {
        uint64_t word = 0;
        for (size_t i = 0; i < 64 && at + i < n; i++) {
            word |= (uint64_t)(s[at + i] < 0x80 && tables.marks[s[at + i]]) << i;
            if (s[at + i] == ' ' && n - at - i > 4 && s[at + i + 4] == ' ') {
                note_word(s, at + i, pieced);
            }
        }
        words[at / 64] = word;
    }
}

#if SEQ_X86

SEQ_AVX512 static void marks_avx512(const uint8_t *s, size_t n, uint64_t *words, seq_pieced *pieced)
{
    const __m512i low = _mm512_loadu_si512(tables.marks), high = _mm512_loadu_si512(tables.marks + 64), blank = _mm512_set1_epi8(' ');
    for (size_t at = 0; at < n; at += 64) {
        const size_t left = n - at;
        const uint64_t within = left >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << left) - 1;
        const uint64_t beyond = left >= 68 ? ~UINT64_C(0) : left > 4 ? (UINT64_C(1) << (left - 4)) - 1 : 0;
        const __m512i block = _mm512_maskz_loadu_epi8(within, s + at), later = _mm512_maskz_loadu_epi8(beyond, s + at + 4);
        const __m512i kind = _mm512_permutex2var_epi8(low, block, high);
        words[at / 64] = _mm512_test_epi8_mask(kind, kind) & ~_mm512_movepi8_mask(block) & within;
        uint64_t found = _mm512_cmpeq_epi8_mask(block, blank) & _mm512_cmpeq_epi8_mask(later, blank);
        for (; found != 0; found &= found - 1) {
            note_word(s, at + trailing_zeros(found), pieced);
        }
    }
}

SEQ_AVX2 static void marks_avx2(const uint8_t *s, size_t n, uint64_t *words, seq_pieced *pieced)
{
    const __m256i blank = _mm256_set1_epi8(' '), none = _mm256_setzero_si256();
    for (size_t at = 0; at < n; at += 64) {
        const seq_halves block = load_avx2(s + at, n - at);
        const seq_halves kind = look_up_avx2(tables.marks, block);
        words[at / 64] = ~movemask_avx2(_mm256_cmpeq_epi8(kind.left, none), _mm256_cmpeq_epi8(kind.right, none));
        uint64_t found = movemask_avx2(_mm256_cmpeq_epi8(block.left, blank), _mm256_cmpeq_epi8(block.right, blank));
        if (found != 0 && n - at > 4) {
            const seq_halves later = load_avx2(s + at + 4, n - at - 4);
            found &= movemask_avx2(_mm256_cmpeq_epi8(later.left, blank), _mm256_cmpeq_epi8(later.right, blank));
            for (; found != 0; found &= found - 1) {
                note_word(s, at + trailing_zeros(found), pieced);
            }
        }
    }
}

#endif

/* NULL if memory is out. */
static const uint64_t *find_marks(const uint8_t *s, size_t n, seq_pieced *pieced)
{
    if (!ensure(&pieced->words_block, (n / 64 + 1) * sizeof(uint64_t))) {
        pieced->failed = true;
        return NULL;
    }
    uint64_t *words = pieced->words_block.data;
    words[n / 64] = 0;
#if SEQ_X86
    if (tables.level == LEVEL_AVX512) {
        marks_avx512(s, n, words, pieced);
        return words;
    }
    if (tables.level == LEVEL_AVX2) {
        marks_avx2(s, n, words, pieced);
        return words;
    }
#endif
    marks_scalar(s, n, words, pieced);
    return words;
}

/* The first mark at or after `at`, or `n`. */
static SEQ_INLINE size_t next_mark(const uint64_t *words, size_t n, size_t at)
{
    if (at >= n) {
        return n;
    }
    size_t word = at / 64;
    uint64_t bits = words[word] >> (at % 64) << (at % 64);
    while (bits == 0) {
        if (++word * 64 >= n) {
            return n;
        }
        bits = words[word];
    }
    return word * 64 + trailing_zeros(bits);
}

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

static uint64_t key_of(const uint8_t *s, size_t start, size_t end)
{
    uint64_t key = UINT64_C(0xCBF29CE484222325);
    for (; start < end; start++) {
        key = is_digit(s[start]) ? key : (key ^ s[start]) * UINT64_C(0x100000001B3);
    }
    return key;
}

/* A string that ends at `end`, its closing quote. Sets the key, or adds a cut; an integer after a key is a cut of its own kind. */
static void add_string(const uint8_t *s, size_t n, size_t start, size_t end, size_t close, uint64_t *key, seq_pieced *pieced)
{
    size_t next = close + 1;
    if (end - start > SHORT_PIECE) {
        return;
    }
    while (next < n && s[next] == ' ') {
        next++;
    }
    if (next >= n || s[next] != ':') {
        add_keyed(pieced, *key, false, start, end);
        return;
    }
    *key = key_of(s, start, end);
    for (next++; next < n && s[next] == ' '; next++) {
    }
    size_t digits = next;
    while (digits < n && digits - next < 10 && is_digit(s[digits])) {
        digits++;
    }
    if (digits > next) {
        add_keyed(pieced, *key, true, next, digits);
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

static void take_strings(const uint8_t *s, size_t n, const uint64_t *words, bool single, seq_pieced *pieced)
{
    seq_quote open[DEEPEST_QUOTES];
    size_t depth = 0;
    uint64_t key = 0;
    for (size_t at = next_mark(words, n, 0); at < n; at = next_mark(words, n, at + 1)) {
        if (s[at] == '\n' && at + 1 < n && s[at + 1] == '\n') {
            depth = 0;
        }
        if (s[at] != '"' && !(single && s[at] == '\'')) {
            continue;
        }
        size_t before = at;
        while (before > 0 && s[before - 1] == '\\') {
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
                    add_string(s, n, top->start, before, at, &key, pieced);
                }
                depth--;
            }
            continue;
        }
        if (s[at] == '\'' && before > 0 && is_word(s, n, before - 1)) {
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

/* Joins what stands between tags that are close to each other. */
static void take_markup(const uint8_t *s, size_t n, const uint64_t *words, seq_pieced *pieced)
{
    size_t last = SIZE_MAX; /* end of the tag before */
    bool unclosed = false;
    for (size_t at = next_mark(words, n, 0); at < n; at = next_mark(words, n, at)) {
        const size_t end = s[at] == '<' ? end_of_tag(s, n, at, &unclosed) : at;
        if (end == at) {
            at++;
            continue;
        }
        if (last == SIZE_MAX || at - last > SHORT_PIECE) {
            put_cuts(pieced, s, FEWEST_TAGS, "");
            last = at > SHORT_PIECE ? at - SHORT_PIECE : 0;
        }
        add_cut(pieced, last, at);
        at = last = end;
    }
    if (last != SIZE_MAX) {
        add_cut(pieced, last, n - last > SHORT_PIECE ? last + SHORT_PIECE : n);
    }
    put_cuts(pieced, s, FEWEST_TAGS, "");
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

static void take_links(const uint8_t *s, size_t n, const uint64_t *words, seq_pieced *pieced)
{
    size_t last = SIZE_MAX, targets = 0;
    for (size_t at = next_mark(words, n, 0); at < n; at = next_mark(words, n, at + 1)) {
        targets += s[at] == ']' && at + 1 < n && s[at + 1] == '(';
    }
    if (targets < FEWEST_LINKS) {
        return;
    }
    for (size_t at = next_mark(words, n, 0); at < n; at = next_mark(words, n, at)) {
        size_t start = at, end = at;
        if (s[at] == ']') {
            find_link(s, n, at, &start, &end);
        }
        if (end == start || (last != SIZE_MAX && start < last)) {
            at++;
            continue;
        }
        if (last == SIZE_MAX || start - last > SHORT_PIECE) {
            put_cuts(pieced, s, FEWEST_LINKS, "");
            last = start > SHORT_PIECE ? start - SHORT_PIECE : 0;
        }
        add_cut(pieced, last, start);
        at = last = end;
    }
    if (last != SIZE_MAX) {
        add_cut(pieced, last, n - last > SHORT_PIECE ? last + SHORT_PIECE : n);
    }
    put_cuts(pieced, s, FEWEST_LINKS, "");
}

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
        } else if (c == s[j]) {
            i++;
            j++;
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

static bool holds_word(const uint8_t *s, size_t start, size_t end)
{
    while (start < end && !is_alnum(s[start])) {
        start++;
    }
    return start < end;
}

static void add_line(const uint8_t *s, const seq_line *line, seq_pieced *pieced)
{
    if (line->cut > line->begin && line->end - line->start <= LONGEST_ROW && holds_word(s, line->begin, line->cut)) {
        add_cut(pieced, line->cut, line->end);
    } else {
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
        const size_t end = lines[i].end, digits = hex_digits(s, end, lines[i].begin, &value);
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

/* Short lines of one length without a blank, as one, with the shorter one after them. */
static void take_even_lines(const uint8_t *s, seq_pieced *pieced)
{
    const seq_line *lines = pieced->lines_block.data;
    size_t length = 0;
    for (size_t i = 0; i < pieced->lines; i++) {
        const size_t size = lines[i].end - lines[i].start;
        const bool fits = size >= 2 && size < 16 && memchr(s + lines[i].start, ' ', size) == NULL;
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
    const size_t width = rows[0].separators[separator] + (size_t)1;
    for (size_t row = 0; row < count; row++) {
        rows[row].cut = rows[row].start;
    }
    for (size_t column = 0; column < width; column++) {
        for (size_t row = 0; row < count; row++) {
            const size_t start = rows[row].cut;
            const uint8_t *end = column + 1 < width ? memchr(s + start, column_separators[separator], rows[row].end - start) : NULL;
            const size_t stop = end != NULL ? (size_t)(end - s) : rows[row].end;
            add_cut(pieced, start, stop);
            rows[row].cut = stop + 1;
        }
        put_cuts(pieced, s, FEWEST_ROWS, "\n");
    }
}

/* Each column of neighbouring lines that a separator cuts into as many cells. */
static void take_columns(const uint8_t *s, int separator, seq_pieced *pieced)
{
    seq_line *lines = pieced->lines_block.data;
    size_t rows = 0, length = 0;
    for (size_t i = 0; i <= pieced->lines; i++) {
        const size_t cells = i < pieced->lines ? lines[i].separators[separator] : 0;
        const bool fits = cells > 0 && cells < WIDEST_ROW && lines[i].end - lines[i].start <= 2 * LONGEST_ROW;
        if (rows > 0 && (!fits || cells != lines[i - 1].separators[separator])) {
            if (rows >= FEWEST_ROWS && length <= LONGEST_ROW * rows) {
                put_columns(s, lines + i - rows, rows, separator, pieced);
            }
            rows = length = 0;
        }
        if (fits) {
            rows++;
            length += lines[i].end - lines[i].start;
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

/* Numbers close to each other, in decimal. */
static void take_numbers(const uint8_t *s, size_t n, const uint64_t *words, seq_pieced *pieced)
{
    size_t last = 0, count = 0, from = pieced->size;
    for (size_t at = next_mark(words, n, 0);; at = next_mark(words, n, at + 1)) {
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

static void end_line(const uint8_t *s, size_t start, size_t end, const uint32_t *separators, seq_pieced *pieced)
{
    if (pieced->failed || !ensure(&pieced->lines_block, (pieced->lines + 1) * sizeof(seq_line))) {
        pieced->failed = true;
        return;
    }
    seq_line line = {start, end, start, start, {0}};
    while (line.begin < end && (s[line.begin] == ' ' || s[line.begin] == '\t')) {
        line.begin++;
    }
    line.cut = line.begin;
    for (int i = 0; i < 4; i++) {
        line.separators[i] = (uint8_t)(separators[i] < WIDEST_ROW ? separators[i] : WIDEST_ROW);
    }
    ((seq_line *)pieced->lines_block.data)[pieced->lines++] = line;
}

/* Counts the marks of each kind, and notes the lines; false if memory is out. */
static bool count_marks(const uint8_t *s, size_t n, const uint64_t *words, seq_pieced *pieced)
{
    size_t *counts = pieced->counts;
    uint32_t separators[4] = {0}, unused = 0;
    uint32_t *const slots[] = {&separators[0], &separators[1], &separators[2], &separators[3], &unused};
    size_t start = 0;
    memset(counts, 0, sizeof pieced->counts);
    pieced->lines = 0;
    for (size_t word = 0; word * 64 < n; word++) {
        for (uint64_t bits = words[word]; bits != 0; bits &= bits - 1) {
            const size_t at = word * 64 + trailing_zeros(bits);
            const uint8_t c = s[at];
            counts[c]++;
            ++*slots[tables.marks[c] - 1];
            if (c == '\n') {
                end_line(s, start, at, separators, pieced);
                memset(separators, 0, sizeof separators);
                start = at + 1;
            }
        }
    }
    end_line(s, start, n, separators, pieced);
    return !pieced->failed;
}

/* Puts together every text that stands cut up in `s`; false if memory is out. */
static bool take_apart(const uint8_t *s, size_t n, seq_pieced *pieced)
{
    size_t *const counts = pieced->counts;
    pieced->size = pieced->count = pieced->cuts = 0;
    pieced->failed = pieced->is_dump = pieced->rotated = pieced->reversed = false;
    const uint64_t *words = find_marks(s, n, pieced);
    if (words == NULL || !count_marks(s, n, words, pieced)) {
        return false;
    }
    if (counts['"'] >= 2 * FEWEST_STRINGS) {
        take_strings(s, n, words, false, pieced);
    }
    if (counts['\''] >= 2 * FEWEST_STRINGS) {
        take_strings(s, n, words, true, pieced);
    }
    if (counts['<'] >= FEWEST_TAGS) {
        take_markup(s, n, words, pieced);
    }
    if (counts[']'] >= FEWEST_LINKS) {
        take_links(s, n, words, pieced);
    }
    if (counts['x'] + counts['+'] + counts['{'] >= FEWEST_NUMBERS) {
        take_numbers(s, n, words, pieced);
    }
    take_ciphers(s, n, pieced);
    if (counts['\\'] >= FEWEST_LINES) {
        if (!ensure(&pieced->plain_block, n + 1)) {
            return false;
        }
        const size_t size = undo_line_ends(s, n, pieced->plain_block.data);
        if (size > 0) {
            s = pieced->plain_block.data;
            n = size;
            words = find_marks(s, n, pieced);
            if (words == NULL || !count_marks(s, n, words, pieced)) {
                return false;
            }
        }
    }
    if (pieced->lines > 1) {
        take_lines(s, pieced);
        take_even_lines(s, pieced);
        pieced->is_dump = find_dump(s, pieced);
        if (counts['@'] >= 2) {
            take_side(s, n, '+', pieced);
            take_side(s, n, '-', pieced);
        }
        for (int separator = 0; separator < 4; separator++) {
            if (counts[(uint8_t)column_separators[separator]] >= FEWEST_ROWS) {
                take_columns(s, separator, pieced);
            }
        }
    }
    return !pieced->failed;
}

#endif
