// What the limits on the address space (RLIMIT_AS, ulimit -v) and on data (RLIMIT_DATA, ulimit -d)
// leave. It is the program's: ranges that we reserve, most of which are never touched, take a small
// part.
#pragma once

#include <cstddef>

namespace pyston::support {

bool addressSpaceIsLimited();
// The most that may be reserved for one purpose, for which there are `reserved` bytes already;
// SIZE_MAX without a limit.
size_t fairAddressSpace(size_t reserved = 0);

} // namespace pyston::support
