/* Runs of one reward call, and the shorter exact pieces around them; oracle.py states the rules. */
#ifndef SEQUESTER_KERNEL_PIECES_H
#define SEQUESTER_KERNEL_PIECES_H

#include "_kernel_entropy.h"
#include "_kernel_pattern.h"

#define TRIES 8
#define PIECE 6

typedef struct {
    uint32_t cot;
    uint32_t at;
    uint32_t length;
} seq_link;

/* The fields of one reward call inside a buffer of texts, and what was found in them. */
typedef struct {
    const uint8_t *text;
    size_t start;
    size_t end; /* of the last field */
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
    seq_block links_block, pieces_block, runs_block, chains_block;
    size_t links, pieces, runs, chains;
} seq_found;

static void release_found(seq_found *found)
{
    release(&found->links_block);
    release(&found->pieces_block);
    release(&found->runs_block);
    release(&found->chains_block);
}

static inline size_t distance(int64_t a, int64_t b)
{
    return (size_t)(a > b ? a - b : b - a);
}

/* The best run through the gram at `at`. */
static bool longest(const seq_pattern *pattern, const seq_call *call, size_t at, int64_t diagonal, seq_link *best)
{
    const uint8_t *text = call->text + at;
    const uint64_t gram = load64(text);
    size_t best_private = 0, best_distance = 0;
    int tries = 0;
    uint32_t entry = first_entry(&pattern->index, gram);
    for (int places = 0; entry != 0 && places < PLACES && tries < TRIES; entry = pattern->index.next[entry]) {
        const size_t place = (size_t)INDEX_STRIDE * (entry - 1);
        const uint8_t *cot = pattern->cot + place;
        if (load64(cot) != gram) {
            continue;
        }
        places++;
        if (!share_run(cot, text)) {
            continue;
        }
        const size_t before = shared_before(cot, text), length = before + shared_after(cot, text);
        if (++tries > 1 && length < best->length) {
            continue;
        }
        const seq_link link = {(uint32_t)(place - before), (uint32_t)(at - before), (uint32_t)length};
        const size_t off = distance((int64_t)link.cot - ((int64_t)link.at - (int64_t)call->start), diagonal);
        const size_t own = tries > 1 || pattern->index.next[entry] != 0 ? private_bytes(pattern, link.cot, length) : 0;
        if (tries == 1 || length > best->length || own > best_private || (own == best_private && off < best_distance)) {
            *best = link;
            best_private = own;
            best_distance = off;
        }
    }
    return tries != 0;
}

/* Takes from the links what a longer one covers too; returns up to where the others cover the input. */
static size_t give_way(seq_found *found, const seq_link *link, size_t start, size_t covered)
{
    seq_link *links = found->links_block.data;
    while (found->links != 0) {
        seq_link *last = &links[found->links - 1];
        if (link->at >= last->at + last->length || link->length <= last->length) {
            return covered;
        }
        if (link->at >= last->at + PIECE) {
            last->length = link->at - last->at;
            return link->at;
        }
        found->links--;
        covered = found->links != 0 ? (size_t)last[-1].at + last[-1].length : start;
    }
    return covered;
}

/* All runs of a call, in order; false if memory is out. */
static bool find_links(const seq_pattern *pattern, const seq_call *call, seq_found *found)
{
    size_t covered = call->start, settled = call->start;
    int64_t diagonal = 0;
    seq_candidates candidates;
    found->links = 0;
    for (size_t next = call->start; next_candidates(&pattern->index, call->text, &next, call->end, INPUT_STRIDE, &candidates);) {
        for (size_t i = 0; i < candidates.count && candidates.at[i] + GRAM <= call->end; i++) {
            const size_t at = candidates.at[i];
            seq_link link;
            if ((at + GRAM <= covered && at >= settled) || !longest(pattern, call, at, diagonal, &link)) {
                continue;
            }
            covered = give_way(found, &link, call->start, covered);
            const size_t cut = covered > link.at ? covered - link.at : 0;
            if (link.length < PIECE + cut) {
                continue;
            }
            link = (seq_link){(uint32_t)(link.cot + cut), (uint32_t)(link.at + cut), (uint32_t)(link.length - cut)};
            settled = at >= settled ? at + INPUT_STRIDE : settled;
            covered = (size_t)link.at + link.length;
            if (private_bytes(pattern, link.cot, link.length) != 0 && low_entropy(pattern->cot + link.cot, link.length)) {
                continue;
            }
            diagonal = (int64_t)link.cot - ((int64_t)link.at - (int64_t)call->start);
            if (!ensure(&found->links_block, (found->links + 1) * sizeof(seq_link))) {
                return false;
            }
            ((seq_link *)found->links_block.data)[found->links++] = link;
        }
        if (covered > next && next >= settled) { /* what is covered needs no probes */
            next += (covered - next) / INPUT_STRIDE * INPUT_STRIDE;
        }
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
SEQ_AVX2 static size_t find_six_avx2(const uint8_t *s, size_t low, size_t high, uint64_t key)
{
    const __m256i first = _mm256_set1_epi16((short)(key & 0xFFFF)), last = _mm256_set1_epi16((short)(key >> 32 & 0xFFFF));
#define LOAD(k) _mm256_loadu_si256((const __m256i *)(s + low + (k)))
#define PAIRS_AT(k) _mm256_and_si256(_mm256_cmpeq_epi16(LOAD(k), first), _mm256_cmpeq_epi16(LOAD((k) + 4), last))
    for (; low + PIECE <= high; low += 32) {
        const uint32_t even = (uint32_t)_mm256_movemask_epi8(PAIRS_AT(0)), odd = (uint32_t)_mm256_movemask_epi8(PAIRS_AT(1));
        uint32_t found = (even & 0x55555555) | (odd & 0x55555555) << 1;
        for (; found != 0; found &= found - 1) {
            const size_t place = low + (size_t)_tzcnt_u32(found);
            if (place + PIECE > high) {
                return high;
            }
            if ((load64(s + place) & SIX) == key) {
                return place;
            }
        }
    }
#undef PAIRS_AT
#undef LOAD
    return high;
}
#endif

static inline size_t find_six(const uint8_t *s, size_t low, size_t high, uint64_t key)
{
#if SEQ_X86
    if (tables.level == LEVEL_AVX512) {
        return find_six_avx512(s, low, high, key);
    }
    if (tables.level == LEVEL_AVX2) {
        return find_six_avx2(s, low, high, key);
    }
#endif
    return find_six_scalar(s, low, high, key);
}

/* Exact pieces in the window [low, high) of the input and [*cot_low, cot_high) of the reasoning; moves *cot_low after the last one. */
static bool find_pieces(const seq_pattern *pattern, const seq_call *call, size_t *cot_low, size_t cot_high, size_t low, size_t high,
                        seq_found *found)
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

#endif
