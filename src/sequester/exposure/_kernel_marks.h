/* The characters that structure a text, and where its pieces are put together; rearranged.py states the rules. */
#ifndef SEQUESTER_KERNEL_MARKS_H
#define SEQUESTER_KERNEL_MARKS_H

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
    size_t cut; /* where the beginning that it shares with a neighbour ends */
    size_t word; /* after the last blank of that beginning */
} seq_line;

/* How a text can be cut up; the texts put together come in this order. */
enum {
    CUT_STRINGS,
    CUT_MARKUP,
    CUT_LINKS,
    CUT_NUMBERS,
    CUT_CIPHERS,
    CUT_PREFIXES,
    CUT_EVEN_LINES,
    CUT_SIDES,
    CUT_COLUMNS,
    CUTS
};

typedef struct {
    seq_block text_block, ends_block, words_block, plain_block, cuts_block, lines_block, alike_block, before_block;
    size_t size, count; /* bytes and number of the texts put together */
    size_t upto[CUTS]; /* of them so many up to each way, that included; 0 where none was taken */
    size_t cuts, lines;
    uint64_t *alike; /* bits of lines that begin as a neighbour does */
    bool has_even, may_dump; /* whether there may be even lines, and lines of a dump */
    uint64_t *words; /* bits of each mark */
    size_t stride, size_marked;
    size_t counts[MARKS];   /* of each mark */
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
    release(&pieced->alike_block);
    release(&pieced->before_block);
}

/* Short copies, most of which need no call. */
static SEQ_INLINE uint8_t *append(uint8_t *out, const uint8_t *s, size_t n)
{
    if (n > 16) {
        memcpy(out, s, n);
    } else if (n >= 8) {
        memcpy(out, s, 8);
        memcpy(out + n - 8, s + n - 8, 8);
    } else {
        for (size_t i = 0; i < n; i++) {
            out[i] = s[i];
        }
    }
    return out + n;
}

static void put(seq_pieced *pieced, const uint8_t *s, size_t n)
{
    if (pieced->failed || !ensure(&pieced->text_block, pieced->size + n + 1)) {
        pieced->failed = true;
        return;
    }
    append((uint8_t *)pieced->text_block.data + pieced->size, s, n);
    pieced->size += n;
}

/* Ends a text, with a NUL. */
static void end_text(seq_pieced *pieced)
{
    put(pieced, (const uint8_t *)"", 1);
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

/* Puts the cuts together, if they are so many and short on average, and forgets them. `between`: a character behind each, or 0. */
static void put_cuts(seq_pieced *pieced, const uint8_t *s, size_t fewest, char between)
{
    const seq_cut *cuts = pieced->cuts_block.data;
    const size_t count = pieced->cuts;
    size_t total = 0;
    pieced->cuts = 0;
    if (count < fewest) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        total += cuts[i].end - cuts[i].start;
    }
    if (total > SHORT_PIECE * count) {
        return;
    }
    if (pieced->failed || !ensure(&pieced->text_block, pieced->size + total + count)) {
        pieced->failed = true;
        return;
    }
    uint8_t *out = (uint8_t *)pieced->text_block.data + pieced->size;
    for (size_t i = 0; i < count; i++) {
        out = append(out, s + cuts[i].start, cuts[i].end - cuts[i].start);
        *out = (uint8_t)between;
        out += between != 0;
    }
    pieced->size = (size_t)(out - (uint8_t *)pieced->text_block.data);
    end_text(pieced);
}

/* ---- the characters that structure a text, as bits -------------------------------------------------------------------------- */

/* Notes the word of three letters behind the blank at `at`. */
static void note_word(const uint8_t *s, size_t at, seq_pieced *pieced)
{
    const uint8_t a = s[at + 1], b = s[at + 2], c = s[at + 3];
    if ((a | b | c) >= 0x80 || !(tables.ciphered[0][a] & tables.ciphered[1][b] & tables.ciphered[2][c])) {
        return;
    }
    for (size_t i = 0; i < CIPHERED; i++) {
        const char *word = ciphered_words + 3 * i;
        if ((a | 0x20) == word[0] && (b | 0x20) == word[1] && (c | 0x20) == word[2]) {
            *(i < CIPHERED / 2 ? &pieced->rotated : &pieced->reversed) = true;
        }
    }
}

/* One row of words per mark, `stride` words each. */
static void marks_scalar(const uint8_t *s, size_t n, uint64_t *words, size_t stride, seq_pieced *pieced)
{
    memset(words, 0, MARKS * stride * sizeof(uint64_t));
    for (size_t at = 0; at < n; at++) {
        const uint8_t mark = s[at] < 0x80 ? tables.marks[s[at]] : 0;
        if (mark != 0 && (mark <= MARK_NUMBER || (at > 0 && (s[at - 1] == '0' || (s[at - 1] | 0x20) == 'u')))) {
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
    __m512i letters[6];
    size_t counts[MARKS] = {0};
    uint64_t open = 0; /* whether the block before ends in a character that begins a number */
    for (int i = 0; i < 6; i++) {
        letters[i] = _mm512_loadu_si512(tables.ciphered[i / 2] + 64 * (i % 2));
    }
    for (size_t at = 0; at < n; at += 64, words++) {
        const size_t left = n - at;
        const uint64_t within = left >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << left) - 1;
        const __m512i block = _mm512_maskz_loadu_epi8(within, s + at);
#define EQUAL(c) _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8(c))
        for (size_t mark = 0; mark < MARK_NUMBER; mark++) {
            words[mark * stride] = EQUAL(all_marks[mark]);
            counts[mark] += (size_t)_mm_popcnt_u64(words[mark * stride]);
        }
        const uint64_t firsts = EQUAL('0') | EQUAL('U') | EQUAL('u');
        words[MARK_NUMBER * stride] = (EQUAL('x') | EQUAL('+') | EQUAL('{')) & (firsts << 1 | open);
        counts[MARK_NUMBER] += (size_t)_mm_popcnt_u64(words[MARK_NUMBER * stride]);
        open = firsts >> 63;
#undef EQUAL
#define WITHIN(k) (left >= 64 + (k) ? ~UINT64_C(0) : left > (k) ? (UINT64_C(1) << (left - (k))) - 1 : 0)
#define LETTERS(k) _mm512_permutex2var_epi8(letters[2 * (k) - 2], _mm512_maskz_loadu_epi8(WITHIN(k), s + at + (k)), letters[2 * (k) - 1])
        const uint64_t blanks = _mm512_cmpeq_epi8_mask(block, blank) &
                                _mm512_cmpeq_epi8_mask(_mm512_maskz_loadu_epi8(WITHIN(4), s + at + 4), blank);
        uint64_t found = _mm512_mask_test_epi8_mask(blanks, _mm512_and_si512(LETTERS(1), LETTERS(2)), LETTERS(3));
#undef LETTERS
#undef WITHIN
        for (; found != 0; found &= found - 1) {
            note_word(s, at + trailing_zeros(found), pieced);
        }
    }
    memcpy(pieced->counts, counts, sizeof counts);
}

SEQ_AVX2 static inline uint64_t equal_avx2(seq_halves block, char c)
{
    const __m256i wanted = _mm256_set1_epi8(c);
    return movemask_avx2(_mm256_cmpeq_epi8(block.left, wanted), _mm256_cmpeq_epi8(block.right, wanted));
}

SEQ_AVX2 static void marks_avx2(const uint8_t *s, size_t n, uint64_t *words, size_t stride, seq_pieced *pieced)
{
    size_t counts[MARKS] = {0};
    uint64_t open = 0; /* whether the block before ends in a character that begins a number */
    for (size_t at = 0; at < n; at += 64, words++) {
        const seq_halves block = load_avx2(s + at, n - at);
#define EQUAL(c) equal_avx2(block, c)
        for (size_t mark = 0; mark < MARK_NUMBER; mark++) {
            words[mark * stride] = EQUAL(all_marks[mark]);
            counts[mark] += (size_t)_mm_popcnt_u64(words[mark * stride]);
        }
        const uint64_t firsts = EQUAL('0') | EQUAL('U') | EQUAL('u');
        words[MARK_NUMBER * stride] = (EQUAL('x') | EQUAL('+') | EQUAL('{')) & (firsts << 1 | open);
        counts[MARK_NUMBER] += (size_t)_mm_popcnt_u64(words[MARK_NUMBER * stride]);
        open = firsts >> 63;
#undef EQUAL
        uint64_t found = equal_avx2(block, ' ');
        if (found != 0 && n - at > 4) {
            for (found &= equal_avx2(load_avx2(s + at + 4, n - at - 4), ' '); found != 0; found &= found - 1) {
                note_word(s, at + trailing_zeros(found), pieced);
            }
        }
    }
    memcpy(pieced->counts, counts, sizeof counts);
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

#endif
