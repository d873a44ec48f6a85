// Memory for the compiler's small objects: instructions, frame states, intervals and what they
// refer to, made by the ten thousands and freed together. malloc spends most of its time there on
// merging and splitting what is about to be asked for again.
//
// Blocks of one size class come from the same chunk, each with a list of its free blocks (after
// Leijen, Zorn and de Moura, "Mimalloc: Free List Sharding in Action", 2019). Chunks lie in one
// reserved range of addresses, so that an address tells whether it is from here.
#pragma once

#include <cstddef>

namespace pyston::support {

// Null if `size` is too large for a size class, or the range is full: then ask malloc.
// Any thread may call these.
void* allocateSmall(size_t size);
// False if the block is not from here.
bool freeSmall(void* block);

} // namespace pyston::support
