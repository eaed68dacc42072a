/* Stock text: what is most often said, by its pieces of so many bytes; stock.py states the rules. */
#ifndef SEQUESTER_KERNEL_STOCK_H
#define SEQUESTER_KERNEL_STOCK_H

#include "_kernel_memory.h"
#include "_kernel_tables.h"

#define STOCK_PIECE 16
#define STOCK_LONG 512
#define FILTER_BITS 2 /* so that one piece in ten of any text passes */

/* A piece as two words; both 0 where there is none, since no piece has a 0 in it. */
typedef struct {
    uint64_t first, second;
} seq_piece;

typedef struct {
    seq_block block, filter_block; /* of the filter: a bit by hash, FILTER_BITS more than places; small enough for a fast cache */
    unsigned bits;
} seq_stock;

static inline seq_piece piece_at(const uint8_t *s)
{
    return (seq_piece){load64(s), load64(s + 8)};
}

static inline bool has_zero(uint64_t word)
{
    return ((word - UINT64_C(0x0101010101010101)) & ~word & UINT64_C(0x8080808080808080)) != 0;
}

static inline uint64_t piece_hash(seq_piece piece)
{
    return piece.first * UINT64_C(0x9E3779B97F4A7C15) + piece.second * UINT64_C(0xC2B2AE3D27D4EB4F);
}

/* Where the filter has its bit, which is that of a word of 64. */
static inline uint64_t *filter_word(const seq_stock *stock, uint64_t hash, uint64_t *bit)
{
    const uint64_t at = hash >> (64 - stock->bits - FILTER_BITS);
    *bit = UINT64_C(1) << (at % 64);
    return (uint64_t *)stock->filter_block.data + at / 64;
}

/* Where a piece stands, or the empty place for it. */
static inline seq_piece *piece_place(const seq_stock *stock, seq_piece piece)
{
    seq_piece *table = stock->block.data;
    const uint64_t hash = piece_hash(piece);
    const size_t mask = ((size_t)1 << stock->bits) - 1;
    size_t at = (size_t)(hash >> (64 - stock->bits));
    while ((table[at].first | table[at].second) != 0 && (table[at].first != piece.first || table[at].second != piece.second)) {
        at = (at + 1) & mask;
    }
    return table + at;
}

static inline bool is_stock(const seq_stock *stock, const uint8_t *s)
{
    uint64_t bit;
    const seq_piece piece = piece_at(s);
    if ((*filter_word(stock, piece_hash(piece), &bit) & bit) == 0) {
        return false;
    }
    const seq_piece *found = piece_place(stock, piece);
    return (found->first | found->second) != 0;
}

/* Takes in normalised texts with a 0 between two; false if memory is out. */
static bool fill_stock(seq_stock *stock, const uint8_t *text, size_t size)
{
    uint64_t bit;
    stock->bits = 4;
    while ((size_t)1 << stock->bits < 2 * size) {
        stock->bits++;
    }
    const size_t filter = (size_t)1 << (stock->bits + FILTER_BITS - 3);
    if (!ensure(&stock->block, sizeof(seq_piece) << stock->bits) || !ensure(&stock->filter_block, filter)) {
        return false;
    }
    memset(stock->block.data, 0, sizeof(seq_piece) << stock->bits);
    memset(stock->filter_block.data, 0, filter);
    for (size_t at = 0; at + STOCK_PIECE <= size; at++) {
        const seq_piece piece = piece_at(text + at);
        if (!has_zero(piece.first) && !has_zero(piece.second)) {
            *piece_place(stock, piece) = piece;
            *filter_word(stock, piece_hash(piece), &bit) |= bit;
        }
    }
    return true;
}

/* How many bytes of a normalised text are stock; 0 for a long one of which a tenth or less seems to be. */
static size_t stock_length(const seq_stock *stock, const uint8_t *text, size_t size)
{
    size_t length = 0, end = 0, probes = 0, hits = 0;
    for (size_t at = 0; size > STOCK_LONG && at < size - STOCK_PIECE; at += STOCK_PIECE) {
        probes++;
        hits += is_stock(stock, text + at);
    }
    if (10 * hits <= probes && probes > 0) {
        return 0;
    }
    for (size_t at = 0; at + STOCK_PIECE <= size; at++) {
        if (is_stock(stock, text + at)) {
            length += at + STOCK_PIECE - (at > end ? at : end);
            end = at + STOCK_PIECE;
        }
    }
    return length;
}

#endif
