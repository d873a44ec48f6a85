// Memory that we take from the interpreter's allocators while a program runs.
#pragma once

#include "cpython/v3_11/interpreter.h"

#include <cstdint>

namespace pyston::host {

// The interpreter's PyTraceMalloc_Untrack(), which its header declares as a C++ function.
extern "C" int pystonUntrack(unsigned int domain,
                             uintptr_t address) __asm__("PyTraceMalloc_Untrack");

// Not counted by tracemalloc, for the line that the program happens to be at.
template<class T> T* hideFromTracemalloc(T* memory) {
    if (memory != nullptr)
        pystonUntrack(0, reinterpret_cast<uintptr_t>(memory));
    return memory;
}

} // namespace pyston::host
