/* Text that says too little to be evidence; oracle.low_entropy states the rules. */
#ifndef SEQUESTER_KERNEL_ENTROPY_H
#define SEQUESTER_KERNEL_ENTROPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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
    size_t done = 0, missed = 0;
    for (; done + 64 <= count; done += 64) {
        count_steps(text + done, text + done + step, 64, &found);
        if (8 * (done + 64 - found.same - (found.up > found.down ? found.up : found.down)) > count) {
            return false;
        }
    }
    for (; done < count; done++) {
        const uint8_t difference = (uint8_t)(text[done + step] - text[done]);
        found.same += difference == 0;
        found.up += difference == 1;
        found.down += difference == UINT8_MAX;
        missed += (uint8_t)(difference + 1) > 2;
        if (8 * missed > count) {
            return false;
        }
    }
    return 8 * (found.same + (found.up > found.down ? found.up : found.down)) >= 7 * count;
}

static bool few_distinct(const uint8_t *text, size_t size)
{
    uint64_t seen[4] = {0};
    size_t distinct = 0;
    for (size_t i = 0; i < size && distinct < 6; i++) {
        const uint64_t bit = UINT64_C(1) << (text[i] % 64);
        distinct += (seen[text[i] / 64] & bit) == 0;
        seen[text[i] / 64] |= bit;
    }
    return distinct < 6;
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

#endif
