/* Pattern, runs, chains and the sketch; oracle.py and sketch.py state the rules and are the reference. */
#ifndef SEQUESTER_KERNEL_MATCH_H
#define SEQUESTER_KERNEL_MATCH_H

#include <stdlib.h>

#include "_kernel_seeds.h"

#define TRIES 8
#define MARK_TRIES 64
#define MARK_VISITS 256
#define COT_GAP 48
#define INPUT_GAP 256
#define OVERLAP 16
#define EDGE 64
#define PIECE 6
#define CLOSING 8
#define GUARANTEE (SEED + WINDOW - 1)

/* A growing array without a type. */
typedef struct {
    void *data;
    size_t room; /* in bytes */
} seq_block;

/* Room for `bytes`, contents kept; false if memory is out. */
static bool ensure(seq_block *block, size_t bytes)
{
    if (bytes <= block->room) {
        return true;
    }
    size_t room = bytes + bytes / 2 + 64;
    void *data = room > bytes ? realloc(block->data, room) : NULL;
    if (data == NULL) {
        return false;
    }
    block->data = data;
    block->room = room;
    return true;
}

static void release(seq_block *block)
{
    free(block->data);
    *block = (seq_block){NULL, 0};
}

typedef struct {
    uint32_t cot;
    uint32_t at;
    uint32_t length;
} seq_link;

/* The seeds of the reasoning behind a hash table. All positions are relative to `cot`. */
typedef struct {
    const uint8_t *cot; /* a separator before and after; SEQ_SLACK readable bytes around */
    size_t size;
    const uint32_t *at; /* seed positions, plus `origin` */
    const uint64_t *hash;
    uint32_t origin;
    size_t count;
    seq_block marks_block, next_block, slots_block, bits_block, visits_block;
    uint8_t *marks; /* 1 = public */
    uint32_t *next; /* next seed of the same hash, plus one */
    uint32_t *slots;
    uint64_t *bits;
    uint16_t *visits;
    unsigned slot_shift, bit_shift;
    uint64_t length, private_length;
    seq_block marked_block; /* per public text: bytes that it was the first to mark */
} seq_pattern;

static void release_pattern(seq_pattern *pattern)
{
    release(&pattern->marks_block);
    release(&pattern->next_block);
    release(&pattern->slots_block);
    release(&pattern->bits_block);
    release(&pattern->visits_block);
    release(&pattern->marked_block);
}

static inline bool maybe_in(const seq_pattern *pattern, uint64_t hash)
{
    uint64_t bit = hash >> pattern->bit_shift;
    return pattern->bits[bit / 64] >> (bit % 64) & 1;
}

/* The first seed (plus one) of that hash, or 0. */
static inline uint32_t first_seed(const seq_pattern *pattern, uint64_t hash)
{
    const size_t mask = ((size_t)1 << (64 - pattern->slot_shift)) - 1;
    for (size_t slot = (size_t)(hash >> pattern->slot_shift);; slot = (slot + 1) & mask) {
        uint32_t seed = pattern->slots[slot];
        if (seed == 0 || pattern->hash[seed - 1] == hash) {
            return seed;
        }
    }
}

static SEQ_INLINE void fill_table_plainly(seq_pattern *pattern)
{
    const uint64_t *hashes = pattern->hash;
    uint64_t *bits = pattern->bits;
    uint32_t *slots = pattern->slots, *next = pattern->next;
    const unsigned slot_shift = pattern->slot_shift, bit_shift = pattern->bit_shift;
    const size_t mask = ((size_t)1 << (64 - slot_shift)) - 1;
    for (size_t i = pattern->count; i-- > 0;) {
        const uint64_t hash = hashes[i], bit = hash >> bit_shift;
        size_t slot = (size_t)(hash >> slot_shift);
        while (slots[slot] != 0 && hashes[slots[slot] - 1] != hash) {
            slot = (slot + 1) & mask;
        }
        next[i] = slots[slot];
        slots[slot] = (uint32_t)i + 1;
        bits[bit / 64] |= UINT64_C(1) << (bit % 64);
    }
}

/* Which of the seeds [from, to) may be in the pattern: their numbers go to `out`, which has room for all; returns how many. */
static SEQ_INLINE size_t filter_seeds_plainly(const seq_pattern *pattern, const uint64_t *hashes, size_t from, size_t to, uint32_t *out)
{
    const uint64_t *bits = pattern->bits;
    const unsigned shift = pattern->bit_shift;
    size_t count = 0;
    for (size_t i = from; i < to; i++) {
        const uint64_t bit = hashes[i] >> shift;
        out[count] = (uint32_t)i;
        count += bits[bit / 64] >> (bit % 64) & 1;
    }
    return count;
}

#if SEQ_X86
/* The same with shifts by variable amounts that cost one step instead of three. */
SEQ_AVX2 static void fill_table_avx2(seq_pattern *pattern)
{
    fill_table_plainly(pattern);
}

SEQ_AVX2 static size_t filter_seeds_avx2(const seq_pattern *pattern, const uint64_t *hashes, size_t from, size_t to, uint32_t *out)
{
    return filter_seeds_plainly(pattern, hashes, from, to, out);
}
#endif

static void fill_table(seq_pattern *pattern)
{
#if SEQ_X86
    if (tables.level != LEVEL_SCALAR) {
        fill_table_avx2(pattern);
        return;
    }
#endif
    fill_table_plainly(pattern);
}

static size_t filter_seeds(const seq_pattern *pattern, const uint64_t *hashes, size_t from, size_t to, uint32_t *out)
{
#if SEQ_X86
    if (tables.level != LEVEL_SCALAR) {
        return filter_seeds_avx2(pattern, hashes, from, to, out);
    }
#endif
    return filter_seeds_plainly(pattern, hashes, from, to, out);
}

/* The table of `count` seeds; false if memory is out. `cot`, `size`, `at`, `hash`, `origin`, `count` are set. */
static bool build_table(seq_pattern *pattern)
{
    unsigned slot_bits = 6, bit_bits = 16;
    while (((size_t)1 << slot_bits) < 4 * pattern->count) {
        slot_bits++;
    }
    while (bit_bits < 26 && ((size_t)1 << bit_bits) < 32 * pattern->count) {
        bit_bits++;
    }
    const size_t slots = (size_t)1 << slot_bits, bits = (size_t)1 << bit_bits;
    if (!ensure(&pattern->slots_block, slots * 4) || !ensure(&pattern->bits_block, bits / 8) ||
        !ensure(&pattern->next_block, pattern->count * 4 + 4) || !ensure(&pattern->visits_block, pattern->count * 2 + 2) ||
        !ensure(&pattern->marks_block, pattern->size + 2 * SEQ_SLACK)) {
        return false;
    }
    pattern->slots = pattern->slots_block.data;
    pattern->bits = pattern->bits_block.data;
    pattern->next = pattern->next_block.data;
    pattern->visits = pattern->visits_block.data;
    pattern->marks = pattern->marks_block.data;
    memset(pattern->slots, 0, slots * 4);
    memset(pattern->bits, 0, bits / 8);
    memset(pattern->visits, 0, pattern->count * 2);
    memset(pattern->marks, 0, pattern->size + SEQ_SLACK);
    pattern->slot_shift = 64 - slot_bits;
    pattern->bit_shift = 64 - bit_bits;
    fill_table(pattern);
    return true;
}

static inline size_t shared_before(const uint8_t *a, const uint8_t *b, size_t limit)
{
    size_t size = 0;
    while (size + 8 <= limit && load64(a - size - 8) == load64(b - size - 8)) {
        size += 8;
    }
    while (size < limit && a[-(ptrdiff_t)size - 1] == b[-(ptrdiff_t)size - 1]) {
        size++;
    }
    return size;
}

/* Ends at the latest where one text has its separator, because the other has a different one. */
static inline size_t shared_after(const uint8_t *a, const uint8_t *b)
{
    size_t size = 0;
    for (;; size += 8) {
        uint64_t different = load64(a + size) ^ load64(b + size);
        if (different != 0) {
#if defined(__GNUC__)
            return size + (size_t)__builtin_ctzll(different) / 8;
#else
            while ((different & 0xFF) == 0) {
                different >>= 8;
                size++;
            }
            return size;
#endif
        }
    }
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
    for (; i < length; i++) {
        public_bytes += marks[i];
    }
    return length - public_bytes;
}

/* Marks what the reasoning from `base` on shares with the public text from `low` of `text` on, whose seeds are given; counts the bytes. */
static uint64_t mark_public(seq_pattern *pattern, size_t base, const uint8_t *text, size_t low, const seq_seeds *seeds, size_t from, size_t to)
{
    uint64_t marked = 0;
    static const uint8_t all[SEED] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    for (size_t i = from; i < to; i++) {
        uint32_t seed = maybe_in(pattern, seeds->hash[i]) ? first_seed(pattern, seeds->hash[i]) : 0;
        if (seed == 0 || pattern->visits[seed - 1] >= MARK_VISITS) {
            continue;
        }
        pattern->visits[seed - 1]++;
        const size_t at = seeds->at[i];
        for (int tries = 0; seed != 0 && tries < MARK_TRIES; seed = pattern->next[seed - 1]) {
            const size_t cot = pattern->at[seed - 1] - pattern->origin;
            if (cot < base) {
                continue;
            }
            tries++;
            if (memcmp(pattern->marks + cot, all, SEED) == 0 || memcmp(pattern->cot + cot, text + at, SEED) != 0) {
                continue;
            }
            size_t limit = cot - base < at - low ? cot - base : at - low;
            size_t before = shared_before(pattern->cot + cot, text + at, limit);
            size_t after = shared_after(pattern->cot + cot, text + at);
            marked += private_bytes(pattern, cot - before, before + after);
            memset(pattern->marks + cot - before, 1, before + after);
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

/* Bytes that equal, follow or precede (in the alphabet) the byte a step before. */
typedef struct {
    size_t same, up, down;
} seq_steps;

static inline void count_steps(const uint8_t *a, const uint8_t *b, size_t count, seq_steps *total)
{
    uint8_t same = 0, up = 0, down = 0; /* of one byte, so that the compiler uses whole vectors */
    for (size_t i = 0; i < count; i++) {
        same += b[i] == a[i];
        up += b[i] == (uint8_t)(a[i] + 1);
        down += (uint8_t)(b[i] + 1) == a[i];
    }
    total->same += same;
    total->up += up;
    total->down += down;
}

/* Whether 7 of 8 of `count` bytes are such; gives up as soon as it cannot be any more. */
static bool repeats(const uint8_t *text, size_t count, size_t step)
{
    seq_steps found = {0, 0, 0};
    size_t done = 0, left = count;
    for (; left >= 64; done += 64, left -= 64) {
        count_steps(text + done, text + done + step, 64, &found);
        if (8 * (found.same + (found.up > found.down ? found.up : found.down) + left - 64) < 7 * count) {
            return false;
        }
    }
    count_steps(text + done, text + done + step, left, &found);
    return 8 * (found.same + (found.up > found.down ? found.up : found.down)) >= 7 * count;
}

static bool few_distinct(const uint8_t *text, size_t size)
{
    uint8_t seen[5];
    size_t distinct = 0;
    for (size_t i = 0; i < size; i++) {
        if (distinct == 0 || memchr(seen, text[i], distinct) == NULL) {
            if (distinct == sizeof seen) {
                return false;
            }
            seen[distinct++] = text[i];
        }
    }
    return true;
}

static bool monotonous(const uint8_t *text, size_t size)
{
    bool found = few_distinct(text, size);
    for (size_t step = 1; !found && step <= 8; step++) {
        found = repeats(text, size > step ? size - step : 0, step);
    }
    return found;
}

static bool low_entropy(const uint8_t *text, size_t size)
{
    return monotonous(text, size < 256 ? size : 256) && (size <= 256 || monotonous(text, size));
}

/* The fields of one reward call inside a buffer of texts, and what was found in them. */
typedef struct {
    const uint8_t *text;
    size_t start;
    size_t end; /* of the last field */
    const seq_seeds *seeds;
    size_t from, to; /* its seeds */
    const uint32_t *fields; /* start of each field */
    size_t field_count;
} seq_call;

typedef struct {
    uint32_t field, cot, at, length;
    uint32_t private_length;
} seq_run;

typedef struct {
    uint64_t private_length;
    size_t runs;
} seq_chain;

typedef struct {
    seq_block links_block, candidates_block, pieces_block, runs_block, chains_block;
    size_t links, pieces, runs, chains;
} seq_found;

static void release_found(seq_found *found)
{
    release(&found->links_block);
    release(&found->candidates_block);
    release(&found->pieces_block);
    release(&found->runs_block);
    release(&found->chains_block);
}

static inline size_t distance(int64_t a, int64_t b)
{
    return (size_t)(a > b ? a - b : b - a);
}

static bool longest(const seq_pattern *pattern, const seq_call *call, size_t at, uint32_t seed, size_t covered, int64_t diagonal, seq_link *best)
{
    bool found = false;
    size_t best_private = 0, best_distance = 0;
    for (int tries = 0; seed != 0 && tries < TRIES; tries++, seed = pattern->next[seed - 1]) {
        const size_t place = pattern->at[seed - 1] - pattern->origin;
        if (memcmp(pattern->cot + place, call->text + at, SEED) != 0) {
            continue;
        }
        const size_t cut = covered > at ? covered - at : 0, back = at > covered ? at - covered : 0;
        const size_t before = shared_before(pattern->cot + place, call->text + at, place < back ? place : back);
        const size_t length = before + shared_after(pattern->cot + place, call->text + at) - cut;
        if (length < PIECE || (found && length < best->length)) {
            continue;
        }
        const seq_link link = {(uint32_t)(place - before + cut), (uint32_t)(at - before + cut), (uint32_t)length};
        const size_t off = distance((int64_t)link.cot - ((int64_t)link.at - (int64_t)call->start), diagonal);
        const size_t own = pattern->next[seed - 1] != 0 || found ? private_bytes(pattern, link.cot, length) : 0;
        if (!found || length > best->length || own > best_private || (own == best_private && off < best_distance)) {
            *best = link;
            best_private = own;
            best_distance = off;
            found = true;
        }
    }
    return found;
}

/* All runs of a call, in order; false if memory is out. */
static bool find_links(const seq_pattern *pattern, const seq_call *call, seq_found *found)
{
    if (!ensure(&found->candidates_block, (call->to - call->from + 1) * sizeof(uint32_t))) {
        return false;
    }
    uint32_t *candidates = found->candidates_block.data;
    const size_t count = filter_seeds(pattern, call->seeds->hash, call->from, call->to, candidates);
    size_t covered = call->start;
    int64_t diagonal = 0;
    found->links = 0;
    for (size_t k = 0; k < count; k++) {
        const size_t i = candidates[k], at = call->seeds->at[i];
        if (at + SEED <= covered) {
            continue;
        }
        const uint32_t seed = first_seed(pattern, call->seeds->hash[i]);
        seq_link link;
        if (seed == 0 || !longest(pattern, call, at, seed, covered, diagonal, &link)) {
            continue;
        }
        covered = (size_t)link.at + link.length;
        if (low_entropy(pattern->cot + link.cot, link.length)) {
            continue;
        }
        diagonal = (int64_t)link.cot - ((int64_t)link.at - (int64_t)call->start);
        if (!ensure(&found->links_block, (found->links + 1) * sizeof(seq_link))) {
            return false;
        }
        ((seq_link *)found->links_block.data)[found->links++] = link;
    }
    return true;
}

static bool add_piece(seq_found *found, seq_link link)
{
    if (!ensure(&found->pieces_block, (found->pieces + 1) * sizeof(seq_link))) {
        return false;
    }
    ((seq_link *)found->pieces_block.data)[found->pieces++] = link;
    return true;
}

static inline bool varied(const uint8_t *s)
{
    for (int i = 1; i < PIECE; i++) {
        for (int j = i + 1; s[i] != s[0] && j < PIECE; j++) {
            if (s[j] != s[0] && s[j] != s[i]) {
                return true;
            }
        }
    }
    return false;
}

#define SIX UINT64_C(0xFFFFFFFFFFFF)

/* The first place in [low, high) at which the six bytes of `key` stand; high if none. */
static size_t find_six_scalar(const uint8_t *s, size_t low, size_t high, uint64_t key)
{
    for (; low + PIECE <= high; low++) {
        if ((load64(s + low) & SIX) == key) {
            return low;
        }
    }
    return high;
}

#if SEQ_X86
SEQ_AVX512 static size_t find_six_avx512(const uint8_t *s, size_t low, size_t high, uint64_t key)
{
    const __m512i first = _mm512_set1_epi16((short)(key & 0xFFFF)), last = _mm512_set1_epi16((short)(key >> 32 & 0xFFFF));
    for (; low + PIECE <= high; low += 64) {
        const uint8_t *at = s + low;
        uint32_t even = _mm512_cmpeq_epi16_mask(_mm512_loadu_si512(at), first) & _mm512_cmpeq_epi16_mask(_mm512_loadu_si512(at + 4), last);
        uint32_t odd = _mm512_cmpeq_epi16_mask(_mm512_loadu_si512(at + 1), first) & _mm512_cmpeq_epi16_mask(_mm512_loadu_si512(at + 5), last);
        uint64_t found = _pdep_u64(even, UINT64_C(0x5555555555555555)) | _pdep_u64(odd, UINT64_C(0xAAAAAAAAAAAAAAAA));
        for (; found != 0; found &= found - 1) {
            size_t place = low + (size_t)_tzcnt_u64(found);
            if (place + PIECE > high) {
                return high;
            }
            if ((load64(s + place) & SIX) == key) {
                return place;
            }
        }
    }
    return high;
}
#endif

static inline size_t find_six(const uint8_t *s, size_t low, size_t high, uint64_t key)
{
#if SEQ_X86
    if (tables.level == LEVEL_AVX512) {
        return find_six_avx512(s, low, high, key);
    }
#endif
    return find_six_scalar(s, low, high, key);
}

/* Exact pieces in the window [low, high) of the input and [*cot_low, cot_high) of the reasoning; moves *cot_low after the last one. */
static bool find_pieces(const seq_pattern *pattern, const seq_call *call, size_t *cot_low, size_t cot_high, size_t low, size_t high, seq_found *found)
{
    while (low + PIECE <= high) {
        const uint8_t *start = call->text + low;
        const uint64_t key = load64(start) & SIX;
        const size_t place = varied(start) ? find_six(pattern->cot, *cot_low, cot_high, key) : cot_high;
        if (place + PIECE > cot_high) {
            low++;
            continue;
        }
        size_t size = PIECE;
        while (low + size < high && place + size < cot_high && start[size] == pattern->cot[place + size]) {
            size++;
        }
        if (!add_piece(found, (seq_link){(uint32_t)place, (uint32_t)low, (uint32_t)size})) {
            return false;
        }
        low += size;
        *cot_low = place + size;
    }
    return true;
}

static inline size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static inline size_t link_end(const seq_link *link)
{
    return (size_t)link->at + link->length;
}

/* A chain of runs with the shorter pieces before, between and after them. */
static bool with_pieces(const seq_pattern *pattern, const seq_call *call, const seq_link *chain, size_t count, size_t floor, size_t ceiling,
                        seq_found *found)
{
    const seq_link *first = chain, *last = chain + count - 1;
    size_t cot_low = first->cot > EDGE ? first->cot - EDGE : 0;
    found->pieces = 0;
    size_t low = first->at > EDGE ? larger(floor, first->at - EDGE) : floor;
    if (!find_pieces(pattern, call, &cot_low, first->cot, low, first->at, found) || !add_piece(found, *first)) {
        return false;
    }
    for (const seq_link *before = chain; before < last; before++) {
        const seq_link *after = before + 1;
        const size_t middle = link_end(before) + EDGE;
        cot_low = (size_t)before->cot + before->length;
        if (!find_pieces(pattern, call, &cot_low, after->cot, link_end(before), smaller(middle, after->at), found) ||
            !find_pieces(pattern, call, &cot_low, after->cot, after->at > EDGE ? larger(middle, after->at - EDGE) : middle, after->at, found) ||
            !add_piece(found, *after)) {
            return false;
        }
    }
    cot_low = (size_t)last->cot + last->length;
    return find_pieces(pattern, call, &cot_low, smaller(pattern->size, cot_low + EDGE), link_end(last),
                       smaller(ceiling, link_end(last) + EDGE), found);
}

/* Reports found->pieces as a chain if it is private enough. */
static bool report_chain(const seq_pattern *pattern, const seq_call *call, seq_found *found)
{
    const seq_link *pieces = found->pieces_block.data;
    if (!ensure(&found->runs_block, (found->runs + found->pieces) * sizeof(seq_run)) ||
        !ensure(&found->chains_block, (found->chains + 1) * sizeof(seq_chain))) {
        return false;
    }
    seq_run *runs = (seq_run *)found->runs_block.data + found->runs;
    uint64_t sum = 0;
    size_t low = 0, high = call->field_count; /* the field of the first run, by bisection; later ones follow */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        *(call->fields[middle] <= pieces[0].at ? &low : &high) = middle;
    }
    for (size_t i = 0; i < found->pieces; i++) {
        while (low + 1 < call->field_count && call->fields[low + 1] <= pieces[i].at) {
            low++;
        }
        size_t own = private_bytes(pattern, pieces[i].cot, pieces[i].length);
        runs[i] = (seq_run){(uint32_t)low, pieces[i].cot, pieces[i].at - call->fields[low], pieces[i].length, (uint32_t)own};
        sum += own;
    }
    if (sum >= GUARANTEE) {
        ((seq_chain *)found->chains_block.data)[found->chains++] = (seq_chain){sum, found->pieces};
        found->runs += found->pieces;
    }
    return true;
}

/* Completes links [from, to), which form a chain, and reports it; *floor moves to its end in the input. */
static bool complete_chain(const seq_pattern *pattern, const seq_call *call, seq_found *found, size_t from, size_t to, size_t *floor)
{
    const seq_link *links = found->links_block.data;
    size_t first = from, last = to, end = link_end(&links[to - 1]);
    while (first < to && private_bytes(pattern, links[first].cot, links[first].length) == 0) {
        first++;
    }
    if (first == to) {
        *floor = end;
        return true;
    }
    while (private_bytes(pattern, links[last - 1].cot, links[last - 1].length) == 0) {
        last--;
    }
    size_t ceiling = last < found->links ? links[last].at : call->end;
    if (!with_pieces(pattern, call, links + first, last - first, first > from ? link_end(&links[first - 1]) : *floor, ceiling, found)) {
        return false;
    }
    *floor = larger(end, link_end((seq_link *)found->pieces_block.data + found->pieces - 1));
    return report_chain(pattern, call, found);
}

/* Appends the chains of a call to found->chains and found->runs. */
static bool find_chains(const seq_pattern *pattern, const seq_call *call, seq_found *found)
{
    if (!find_links(pattern, call, found)) {
        return false;
    }
    seq_link *links = found->links_block.data;
    size_t from = 0, floor = call->start;
    for (size_t i = 1; i <= found->links; i++) {
        if (i < found->links) {
            const seq_link *before = &links[i - 1];
            const int64_t gap = (int64_t)links[i].cot - ((int64_t)before->cot + before->length);
            const uint32_t cut = gap < 0 ? (uint32_t)-gap : 0;
            if (links[i].at - link_end(before) <= INPUT_GAP && gap >= -OVERLAP && gap <= COT_GAP && links[i].length >= PIECE + cut) {
                links[i].cot += cut;
                links[i].at += cut;
                links[i].length -= cut;
                continue;
            }
        }
        if (!complete_chain(pattern, call, found, from, i, &floor)) {
            return false;
        }
        from = i;
    }
    return true;
}

#endif
