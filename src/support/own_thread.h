// Threads of ours, of which the program must notice nothing.
#pragma once

#include <cstddef>

namespace pyston::support {

// Runs `body(argument)` on a new thread, detached, that gets no signals. False if there is none to
// be had.
bool startThread(void (*body)(void*), void* argument, size_t stackBytes);

} // namespace pyston::support
