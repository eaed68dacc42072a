/* Runs that advance together; oracle.py states the rules. */
#ifndef SEQUESTER_KERNEL_CHAINS_H
#define SEQUESTER_KERNEL_CHAINS_H

#include "_kernel_pieces.h"

#define COT_GAP 48
#define INPUT_GAP 256
#define OVERLAP 16
#define EDGE 64
#define GUARANTEE 24

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
