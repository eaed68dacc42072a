/* Memory that grows. */
#ifndef SEQUESTER_KERNEL_MEMORY_H
#define SEQUESTER_KERNEL_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

/* Bytes that somebody else holds. */
typedef struct {
    const uint8_t *data;
    size_t size;
} seq_text;

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

#endif
