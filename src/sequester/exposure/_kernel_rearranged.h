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
#define DENSE_WORDS 8
#define DENSE_QUOTES 16

typedef struct {
    uint64_t key;
    size_t start, end;
    bool number;
} seq_cut;

typedef struct {
    size_t start, end, begin; /* begin: after the indentation */
    size_t cut;
    size_t cells; /* separators, when columns are looked for */
} seq_line;

typedef struct {
    seq_block text_block, ends_block, words_block, plain_block, cuts_block, lines_block;
    size_t size, count; /* bytes and number of the texts put together */
    size_t cuts, lines;
    uint64_t *words; /* bits of each mark */
    size_t stride, size_marked;
    size_t counts[16];      /* of each mark */
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

/* One row of words per mark, `stride` words each. */
static void marks_scalar(const uint8_t *s, size_t n, uint64_t *words, size_t stride, seq_pieced *pieced)
{
    memset(words, 0, MARKS * stride * sizeof(uint64_t));
    for (size_t at = 0; at < n; at++) {
        const uint8_t mark = s[at] < 0x80 ? tables.marks[s[at]] : 0;
        if (mark != 0) {
            words[(mark - 1) * stride + at / 64] |= UINT64_C(1) << (at % 64);
            pieced->counts[mark - 1]++;
        }
        if (s[at] == ' ' && n - at > 4 && s[at + 4] == ' ') {
            note_word(s, at, pieced);
        }
    }
}

#if SEQ_X86

SEQ_AVX512 static void marks_avx512(const uint8_t *s, size_t n, uint64_t *words, size_t stride, seq_pieced *pieced)
{
    const __m512i blank = _mm512_set1_epi8(' ');
    for (size_t at = 0; at < n; at += 64, words++) {
        const size_t left = n - at;
        const uint64_t within = left >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << left) - 1;
        const uint64_t beyond = left >= 68 ? ~UINT64_C(0) : left > 4 ? (UINT64_C(1) << (left - 4)) - 1 : 0;
        const __m512i block = _mm512_maskz_loadu_epi8(within, s + at), later = _mm512_maskz_loadu_epi8(beyond, s + at + 4);
        for (size_t mark = 0; mark < MARKS; mark++) {
            words[mark * stride] = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8(all_marks[mark]));
            pieced->counts[mark] += (size_t)_mm_popcnt_u64(words[mark * stride]);
        }
        uint64_t found = _mm512_cmpeq_epi8_mask(block, blank) & _mm512_cmpeq_epi8_mask(later, blank);
        for (; found != 0; found &= found - 1) {
            note_word(s, at + trailing_zeros(found), pieced);
        }
    }
}

SEQ_AVX2 static inline uint64_t equal_avx2(seq_halves block, char c)
{
    const __m256i wanted = _mm256_set1_epi8(c);
    return movemask_avx2(_mm256_cmpeq_epi8(block.left, wanted), _mm256_cmpeq_epi8(block.right, wanted));
}

SEQ_AVX2 static void marks_avx2(const uint8_t *s, size_t n, uint64_t *words, size_t stride, seq_pieced *pieced)
{
    for (size_t at = 0; at < n; at += 64, words++) {
        const seq_halves block = load_avx2(s + at, n - at);
        for (size_t mark = 0; mark < MARKS; mark++) {
            words[mark * stride] = equal_avx2(block, all_marks[mark]);
            pieced->counts[mark] += (size_t)_mm_popcnt_u64(words[mark * stride]);
        }
        uint64_t found = equal_avx2(block, ' ');
        if (found != 0 && n - at > 4) {
            for (found &= equal_avx2(load_avx2(s + at + 4, n - at - 4), ' '); found != 0; found &= found - 1) {
                note_word(s, at + trailing_zeros(found), pieced);
            }
        }
    }
}

#endif

/* False if memory is out. */
static bool find_marks(const uint8_t *s, size_t n, seq_pieced *pieced)
{
    const size_t stride = n / 64 + 1;
    if (!ensure(&pieced->words_block, MARKS * stride * sizeof(uint64_t))) {
        return false;
    }
    uint64_t *words = pieced->words_block.data;
    for (size_t mark = 0; mark < MARKS; mark++) {
        words[mark * stride + stride - 1] = 0;
    }
    pieced->words = words;
    pieced->stride = stride;
    pieced->size_marked = n;
    memset(pieced->counts, 0, sizeof pieced->counts);
#if SEQ_X86
    if (tables.level == LEVEL_AVX512) {
        marks_avx512(s, n, words, stride, pieced);
    } else if (tables.level == LEVEL_AVX2) {
        marks_avx2(s, n, words, stride, pieced);
    } else
#endif
    {
        marks_scalar(s, n, words, stride, pieced);
    }
    return true;
}

/* The first mark of a kind at or after `at`, or the size of the text. */
static SEQ_INLINE size_t next_mark(const seq_pieced *pieced, int mark, size_t at)
{
    const size_t n = pieced->size_marked;
    const uint64_t *words = pieced->words + (size_t)mark * pieced->stride;
    if (at >= n) {
        return n;
    }
    size_t word = at / 64;
    uint64_t bits = words[word] >> (at % 64) << (at % 64);
    while (bits == 0) {
        if (++word == pieced->stride) {
            return n;
        }
        bits = words[word];
    }
    return word * 64 + trailing_zeros(bits);
}

/* How many marks of a kind stand in [start, end). */
static SEQ_INLINE size_t marks_within(const seq_pieced *pieced, int mark, size_t start, size_t end)
{
    const uint64_t *words = pieced->words + (size_t)mark * pieced->stride;
    size_t count = 0;
    if (start == end) {
        return 0;
    }
    for (size_t word = start / 64; word <= (end - 1) / 64; word++) {
        uint64_t bits = words[word];
        bits = word == start / 64 ? bits >> (start % 64) << (start % 64) : bits;
        bits = word == (end - 1) / 64 ? bits << (63 - (end - 1) % 64) : bits;
        count += bits != 0 ? bit_count(bits) : 0;
    }
    return count;
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

/* Windows of 512 bytes in which quotes stand close to each other are searched, with one window on both sides. */
static bool is_dense(const seq_pieced *pieced, bool single, size_t window)
{
    size_t quotes = 0;
    for (size_t word = window * DENSE_WORDS; word < (window + 1) * DENSE_WORDS && word < pieced->stride; word++) {
        quotes += bit_count(pieced->words[MARK_DOUBLE * pieced->stride + word]);
        quotes += single ? bit_count(pieced->words[MARK_SINGLE * pieced->stride + word]) : 0;
    }
    return quotes >= DENSE_QUOTES;
}

static void take_quotes(const uint8_t *s, size_t from, size_t n, bool single, seq_pieced *pieced)
{
    seq_quote open[DEEPEST_QUOTES];
    size_t depth = 0;
    uint64_t key = 0;
    size_t apostrophe = single ? next_mark(pieced, MARK_SINGLE, from) : SIZE_MAX, quote = next_mark(pieced, MARK_DOUBLE, from);
    for (;;) {
        const size_t at = quote < apostrophe ? quote : apostrophe;
        if (at >= n) {
            break;
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
                    add_string(s, n, top->start, before, at, &key, pieced);
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
    const size_t windows = (n + 64 * DENSE_WORDS - 1) / (64 * DENSE_WORDS);
    for (size_t window = 0; window < windows; window++) {
        if (!is_dense(pieced, single, window)) {
            continue;
        }
        size_t end = window + 1;
        while (end < windows && (is_dense(pieced, single, end) || (end + 1 < windows && is_dense(pieced, single, end + 1)))) {
            end++;
        }
        const size_t start = window > 0 ? window - 1 : 0, stop = (end + 1) * 64 * DENSE_WORDS;
        take_quotes(s, start * 64 * DENSE_WORDS, stop < n ? stop : n, single, pieced);
        window = end;
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

/* Joins what stands between tags that are close to each other. */
static void take_markup(const uint8_t *s, size_t n, seq_pieced *pieced)
{
    size_t last = SIZE_MAX; /* end of the tag before */
    bool unclosed = false;
    for (size_t at = next_mark(pieced, MARK_TAG, 0); at < n; at = next_mark(pieced, MARK_TAG, at)) {
        const size_t end = end_of_tag(s, n, at, &unclosed);
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

static void take_links(const uint8_t *s, size_t n, seq_pieced *pieced)
{
    size_t last = SIZE_MAX, targets = 0;
    for (size_t at = next_mark(pieced, MARK_BRACKET, 0); at < n; at = next_mark(pieced, MARK_BRACKET, at + 1)) {
        targets += at + 1 < n && s[at + 1] == '(';
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

static bool find_lines(const uint8_t *s, size_t n, seq_pieced *pieced)
{
    const size_t count = pieced->counts[MARK_LINE] + 1;
    if (!ensure(&pieced->lines_block, count * sizeof(seq_line))) {
        return false;
    }
    seq_line *lines = pieced->lines_block.data;
    for (size_t i = 0, at = 0; i < count; i++) {
        size_t end = next_mark(pieced, MARK_LINE, at), begin = at;
        while (begin < end && (s[begin] == ' ' || s[begin] == '\t')) {
            begin++;
        }
        lines[i] = (seq_line){at, end < n ? end : n, begin, begin, 0};
        at = end + 1;
    }
    pieced->lines = count;
    return true;
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
    take_even_lines(s, pieced);
    pieced->is_dump = find_dump(s, pieced);
    if (pieced->counts[MARK_HUNK] >= 2) {
        take_side(s, n, '+', pieced);
        take_side(s, n, '-', pieced);
    }
    for (int separator = MARK_TAB; separator <= MARK_SEMICOLON; separator++) {
        if (pieced->counts[separator] >= FEWEST_ROWS) {
            take_columns(s, separator, pieced);
        }
    }
    return true;
}

/* Puts together every text that stands cut up in `s`; false if memory is out. */
static bool take_apart(const uint8_t *s, size_t n, seq_pieced *pieced)
{
    const size_t *counts = pieced->counts;
    pieced->size = pieced->count = pieced->cuts = 0;
    pieced->failed = pieced->is_dump = pieced->rotated = pieced->reversed = false;
    if (!find_marks(s, n, pieced)) {
        return false;
    }
    if (counts[MARK_DOUBLE] >= DENSE_QUOTES) {
        take_strings(s, n, false, pieced);
    }
    if (counts[MARK_SINGLE] >= 2 * FEWEST_STRINGS) {
        take_strings(s, n, true, pieced);
    }
    if (counts[MARK_TAG] >= FEWEST_TAGS) {
        take_markup(s, n, pieced);
    }
    if (counts[MARK_BRACKET] >= FEWEST_LINKS) {
        take_links(s, n, pieced);
    }
    if (counts[MARK_X] + counts[MARK_PLUS] + counts[MARK_BRACE] >= FEWEST_NUMBERS) {
        take_numbers(s, n, pieced);
    }
    take_ciphers(s, n, pieced);
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
