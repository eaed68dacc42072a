/* The reasoning behind an index, and which of its bytes are public; oracle.py states the rules. */
#ifndef SEQUESTER_KERNEL_PATTERN_H
#define SEQUESTER_KERNEL_PATTERN_H

#include "_kernel_grams.h"

#define RUN 16
#define PLACES 1024
#define CLOSING 8
#define ALL_MARKED UINT64_C(0x0101010101010101)

/* The reasoning, its index and its public parts. All positions are relative to `cot`. */
typedef struct {
    const uint8_t *cot; /* a separator before and after; SEQ_SLACK readable bytes around */
    size_t size;
    seq_index index;
    seq_block marks_block;
    uint8_t *marks; /* 1 = public */
    uint64_t length, private_length;
    seq_block marked_block; /* per public text: bytes that it was the first to mark */
} seq_pattern;

static void release_pattern(seq_pattern *pattern)
{
    release_index(&pattern->index);
    release(&pattern->marks_block);
    release(&pattern->marked_block);
}

/* `cot` and `size` are set; false if memory is out. */
static bool prepare(seq_pattern *pattern)
{
    if (!build_index(&pattern->index, pattern->cot, pattern->size) || !ensure(&pattern->marks_block, pattern->size + 2 * SEQ_SLACK)) {
        return false;
    }
    pattern->marks = (uint8_t *)memset(pattern->marks_block.data, 0, pattern->size + 2 * SEQ_SLACK) + SEQ_SLACK;
    return true;
}

/* Equal bytes at the end, and at the start, of two words whose difference is given. */
static inline size_t equal_at_end(uint64_t different)
{
#if defined(__GNUC__)
    return different ? (size_t)__builtin_clzll(different) / 8 : 8;
#else
    size_t count = 0;
    for (; count < 8 && different >> (56 - 8 * count) == 0; count++) {
    }
    return count;
#endif
}

static inline size_t equal_at_start(uint64_t different)
{
    return trailing_zeros(different) / 8;
}

/* Both end at the latest where one text has its separator, because the other has a different one. */
static inline size_t shared_before(const uint8_t *a, const uint8_t *b)
{
    size_t size = 0;
    uint64_t different;
    while ((different = load64(a - size - 8) ^ load64(b - size - 8)) == 0) {
        size += 8;
    }
    return size + equal_at_end(different);
}

static inline size_t shared_after(const uint8_t *a, const uint8_t *b)
{
    size_t size = 0;
    uint64_t different;
    while ((different = load64(a + size) ^ load64(b + size)) == 0) {
        size += 8;
    }
    return size + equal_at_start(different);
}

/* Whether two texts that share a gram here share a run. */
static inline bool share_run(const uint8_t *a, const uint8_t *b)
{
    const uint64_t before = load64(a - 8) ^ load64(b - 8), after = load64(a + GRAM) ^ load64(b + GRAM);
    return GRAM + equal_at_end(before) + equal_at_start(after) >= RUN;
}

/* Marks are 0 or 1, so eight of them add up in one multiplication. */
static inline size_t private_bytes(const seq_pattern *pattern, size_t start, size_t length)
{
    const uint8_t *marks = pattern->marks + start;
    size_t public_bytes = 0, i = 0;
    for (; i + 32 <= length; i += 32) {
        uint64_t sum = load64(marks + i) + load64(marks + i + 8) + load64(marks + i + 16) + load64(marks + i + 24);
        public_bytes += (size_t)(sum * UINT64_C(0x0101010101010101) >> 56);
    }
    uint64_t sum = 0;
    for (size_t k = 0, left = length - i; k < 32; k += 8) { /* always four words, for how many are left cannot be foreseen */
        const uint64_t within = left >= k + 8 ? ~UINT64_C(0) : left > k ? (UINT64_C(1) << 8 * (left - k)) - 1 : 0;
        sum += load64(marks + i + k) & within;
    }
    return length - public_bytes - (size_t)(sum * UINT64_C(0x0101010101010101) >> 56);
}

/* Marks the runs through a gram of public text in the reasoning from `base` on; counts the bytes. */
static uint64_t mark_gram(seq_pattern *pattern, size_t base, const uint8_t *text)
{
    const uint64_t gram = load64(text);
    uint64_t marked = 0;
    uint32_t entry = first_entry(&pattern->index, gram);
    for (int places = 0; entry != 0 && places < PLACES; entry = pattern->index.next[entry]) {
        const size_t place = (size_t)INDEX_STRIDE * (entry - 1);
        const uint8_t *cot = pattern->cot + place;
        if (place < base || load64(cot) != gram) {
            continue;
        }
        places++;
        if (load64(pattern->marks + place) == ALL_MARKED || !share_run(cot, text)) {
            continue;
        }
        const size_t before = shared_before(cot, text), length = before + shared_after(cot, text);
        marked += private_bytes(pattern, place - before, length);
        memset(pattern->marks + place - before, 1, length);
    }
    return marked;
}

/* Marks what the reasoning from `base` on shares with the public text [low, high) of `text`; counts the bytes. */
static uint64_t mark_public(seq_pattern *pattern, size_t base, const uint8_t *text, size_t low, size_t high)
{
    uint64_t marked = 0;
    seq_candidates found;
    for (size_t at = low; next_candidates(&pattern->index, text, &at, high, PUBLIC_STRIDE, &found);) {
        for (size_t i = 0; i < found.count && found.at[i] + GRAM <= high; i++) {
            marked += mark_gram(pattern, base, text + found.at[i]);
        }
    }
    return marked;
}

/* Closes short private stretches between public ones, and counts. `separators` stand between segments. */
static void finish_marks(seq_pattern *pattern, size_t separators)
{
    const uint8_t *end = pattern->marks + pattern->size;
    uint8_t *at = pattern->size ? memchr(pattern->marks, 1, pattern->size) : NULL;
    while (at != NULL) {
        uint8_t *start = memchr(at, 0, (size_t)(end - at));
        at = start ? memchr(start, 1, (size_t)(end - start)) : NULL;
        if (at != NULL && at - start < CLOSING && memchr(pattern->cot + (start - pattern->marks), 0, (size_t)(at - start)) == NULL) {
            memset(start, 1, (size_t)(at - start));
        }
    }
    pattern->length = pattern->size - separators;
    pattern->private_length = private_bytes(pattern, 0, pattern->size) - separators;
}

#endif
