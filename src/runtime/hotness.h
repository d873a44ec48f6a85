// Whether something runs often, not only in all but in a short time.
//
// Code that runs rarely is not in the processor's caches when it does. The interpreter's own always
// is, so that compiled code would be no faster, and would take the place of other code there.
#pragma once

#include <cstdint>

namespace pyston::runtime {

// Are `count` runs of `units` code units each many for the time from `since` (milliseconds of CPU
// time) to `now` (microseconds)?
bool isDense(uint32_t count, uint32_t units, uint32_t since, uint64_t now);

} // namespace pyston::runtime
