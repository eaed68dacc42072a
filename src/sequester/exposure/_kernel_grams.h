/* Grams of eight bytes: how they are sampled and looked up. oracle.py states the rules and proves that they miss no run. */
#ifndef SEQUESTER_KERNEL_GRAMS_H
#define SEQUESTER_KERNEL_GRAMS_H

#include "_kernel_memory.h"
#include "_kernel_tables.h"

#define GRAM 8
#define INDEX_STRIDE 4
#define PUBLIC_STRIDE 8 /* of every so many positions of a text the first INDEX_STRIDE ones are looked up */
#define INPUT_STRIDE 16
#define PROBES 16 /* looked up at once */
#define CANDIDATES 256 /* collected at once, and up to PROBES more */
#define ENTRY_BITS 64 /* of the filter, at least, per gram of the reasoning */

/* The grams of a text at every INDEX_STRIDE-th position, by number. */
typedef struct {
    seq_block heads_block, next_block, filter_block;
    uint32_t *heads;  /* by hash: the first gram, plus one */
    uint32_t *next;   /* by gram, plus one: the next one of that hash, plus one */
    uint32_t *filter; /* a bit by hash: whether there is any; small enough for the fastest cache */
    unsigned head_shift, filter_shift;
} seq_index;

static void release_index(seq_index *index)
{
    release(&index->heads_block);
    release(&index->next_block);
    release(&index->filter_block);
}

/* Nothing that is found depends on the factors: they are drawn anew for each process, so that nobody can write texts whose grams collide. */
static inline uint32_t gram_hash(uint64_t gram)
{
    return (uint32_t)gram * tables.factors[0] + (uint32_t)(gram >> 32) * tables.factors[1];
}

/* Backwards, so that the places of a gram come out in order. */
static SEQ_INLINE void fill_index_plainly(seq_index *index, const uint8_t *text, size_t count)
{
    uint32_t *heads = index->heads, *next = index->next, *filter = index->filter;
    const unsigned head_shift = index->head_shift, filter_shift = index->filter_shift;
    for (size_t entry = count; entry-- > 0;) {
        const uint32_t hash = gram_hash(load64(text + INDEX_STRIDE * entry)), bit = hash >> filter_shift;
        uint32_t *head = heads + (hash >> head_shift);
        next[entry + 1] = *head;
        *head = (uint32_t)entry + 1;
        filter[bit / 32] |= UINT32_C(1) << (bit % 32);
    }
}

static inline uint32_t first_entry(const seq_index *index, uint64_t gram)
{
    return index->heads[gram_hash(gram) >> index->head_shift];
}

/* Positions of a text whose grams may be in an index. */
typedef struct {
    uint32_t at[CANDIDATES + PROBES];
    size_t count;
} seq_candidates;

/* Collects candidates from the position *at on, where a stride begins; moves it to where to go on. At the end of the text there may be
 * some of what follows. Reads up to 64 bytes beyond. */
static void collect_scalar(const seq_index *index, const uint8_t *text, size_t *at, size_t end, size_t stride, seq_candidates *found)
{
    const unsigned shift = index->filter_shift;
    for (; *at < end && found->count < CANDIDATES; *at += stride) {
        for (size_t i = *at; i < *at + INDEX_STRIDE; i++) {
            const uint32_t bit = gram_hash(load64(text + i)) >> shift;
            found->at[found->count] = (uint32_t)i;
            found->count += index->filter[bit / 32] >> (bit % 32) & 1;
        }
    }
}

#if SEQ_X86

SEQ_AVX2 static void fill_index_avx2(seq_index *index, const uint8_t *text, size_t count)
{
    fill_index_plainly(index, text, count);
}

/* Bytes j to j + 3 of a lane for j < 4: the lower halves of its first grams. Four more bytes on are the upper ones. */
#define GRAM_BYTES 0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6

SEQ_AVX512 static void collect_avx512(const seq_index *index, const uint8_t *text, size_t *at, size_t end, size_t stride,
                                      seq_candidates *found)
{
    const __m512i low = _mm512_broadcast_i32x4(_mm_setr_epi8(GRAM_BYTES)), high = _mm512_add_epi8(low, _mm512_set1_epi8(4));
    const __m512i low_factor = _mm512_set1_epi32((int)tables.factors[0]), high_factor = _mm512_set1_epi32((int)tables.factors[1]);
    const __m512i one = _mm512_set1_epi32(1), last = _mm512_set1_epi32(31);
    const __m128i shift = _mm_cvtsi32_si128((int)index->filter_shift);
    const long long word = (long long)stride / 8;
    const __m512i words = _mm512_setr_epi64(0, 1, word, word + 1, 2 * word, 2 * word + 1, 3 * word, 3 * word + 1);
    const __m512i strides = _mm512_mullo_epi32(_mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3),
                                               _mm512_set1_epi32((int)stride));
    const __m512i offsets = _mm512_add_epi32(strides, _mm512_setr_epi32(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3));
    size_t count = found->count, here = *at;
    for (; here < end && count < CANDIDATES; here += PROBES / INDEX_STRIDE * stride) {
        const __m512i block = _mm512_permutexvar_epi64(words, _mm512_loadu_si512(text + here));
        const __m512i hash = _mm512_add_epi32(_mm512_mullo_epi32(_mm512_shuffle_epi8(block, low), low_factor),
                                              _mm512_mullo_epi32(_mm512_shuffle_epi8(block, high), high_factor));
        const __m512i bit = _mm512_srl_epi32(hash, shift);
        const __m512i bits = _mm512_i32gather_epi32(_mm512_srli_epi32(bit, 5), index->filter, 4);
        const __mmask16 may = _mm512_test_epi32_mask(bits, _mm512_sllv_epi32(one, _mm512_and_si512(bit, last)));
        _mm512_storeu_si512(found->at + count,
                            _mm512_maskz_compress_epi32(may, _mm512_add_epi32(offsets, _mm512_set1_epi32((int)(uint32_t)here))));
        count += (size_t)_mm_popcnt_u32(may);
    }
    found->count = count;
    *at = here;
}

SEQ_AVX2 static void collect_avx2(const seq_index *index, const uint8_t *text, size_t *at, size_t end, size_t stride, seq_candidates *found)
{
    const __m256i low = _mm256_broadcastsi128_si256(_mm_setr_epi8(GRAM_BYTES)), high = _mm256_add_epi8(low, _mm256_set1_epi8(4));
    const __m256i low_factor = _mm256_set1_epi32((int)tables.factors[0]), high_factor = _mm256_set1_epi32((int)tables.factors[1]);
    const __m256i last = _mm256_set1_epi32(31);
    const __m128i shift = _mm_cvtsi32_si128((int)index->filter_shift);
    for (; *at < end && found->count < CANDIDATES; *at += 2 * stride) {
        const __m256i block = _mm256_setr_m128i(_mm_loadu_si128((const __m128i *)(text + *at)),
                                                _mm_loadu_si128((const __m128i *)(text + *at + stride)));
        const __m256i hash = _mm256_add_epi32(_mm256_mullo_epi32(_mm256_shuffle_epi8(block, low), low_factor),
                                              _mm256_mullo_epi32(_mm256_shuffle_epi8(block, high), high_factor));
        const __m256i bit = _mm256_srl_epi32(hash, shift);
        const __m256i bits = _mm256_i32gather_epi32((const int *)index->filter, _mm256_srli_epi32(bit, 5), 4);
        /* The bit goes to the top, by what its number lacks to 31. */
        const __m256i tops = _mm256_sllv_epi32(bits, _mm256_andnot_si256(bit, last));
        for (uint32_t may = (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(tops)); may != 0; may &= may - 1) {
            const size_t i = trailing_zeros(may);
            found->at[found->count++] = (uint32_t)(*at + i / INDEX_STRIDE * stride + i % INDEX_STRIDE);
        }
    }
}

#undef GRAM_BYTES

#endif

/* The next candidates of a text from *at on; false if there are none left. */
static bool next_candidates(const seq_index *index, const uint8_t *text, size_t *at, size_t end, size_t stride, seq_candidates *found)
{
    found->count = 0;
#if SEQ_X86
    if (tables.level == LEVEL_AVX512) {
        collect_avx512(index, text, at, end, stride, found);
        return found->count != 0;
    }
    if (tables.level == LEVEL_AVX2) {
        collect_avx2(index, text, at, end, stride, found);
        return found->count != 0;
    }
#endif
    collect_scalar(index, text, at, end, stride, found);
    return found->count != 0;
}

/* Indexes a text, of which GRAM bytes more are readable; false if memory is out. */
static bool build_index(seq_index *index, const uint8_t *text, size_t size)
{
    const size_t count = size < GRAM ? 0 : (size - GRAM) / INDEX_STRIDE + 1;
    unsigned head_bits = 6, filter_bits = 12;
    while (head_bits < 31 && ((size_t)1 << head_bits) < 4 * count) {
        head_bits++;
    }
    while (filter_bits < 31 && ((size_t)1 << filter_bits) < ENTRY_BITS * count) {
        filter_bits++;
    }
    const size_t heads = sizeof(uint32_t) << head_bits, filter = (size_t)1 << (filter_bits - 3);
    if (!ensure(&index->heads_block, heads) || !ensure(&index->filter_block, filter) ||
        !ensure(&index->next_block, (count + 1) * sizeof(uint32_t))) {
        return false;
    }
    index->heads = memset(index->heads_block.data, 0, heads);
    index->filter = memset(index->filter_block.data, 0, filter);
    index->next = index->next_block.data;
    index->next[0] = 0;
    index->head_shift = 32 - head_bits;
    index->filter_shift = 32 - filter_bits;
#if SEQ_X86
    if (tables.level != LEVEL_SCALAR) {
        fill_index_avx2(index, text, count); /* shifts by variable amounts cost one step there instead of three */
        return true;
    }
#endif
    fill_index_plainly(index, text, count);
    return true;
}

#endif
