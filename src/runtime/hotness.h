// Whether something runs often, not only in all but in a short time.
//
// Code that runs rarely is not in the processor's caches when it does. The interpreter's own always
// is, so that compiled code would be no faster, and would take the place of other code there.
//
// And what compiling takes must come back. A program is taken to go on for as long as it has run so
// far: the younger it is, the larger the share of its time that code must have.
#pragma once

#include <cstdint>

namespace pyston::runtime {

// The runs (calls of code, or iterations of its loops) of a while.
class RunWindow {
  public:
    // Are there many, if `count` were counted in all, each of `units` code units, up to `now`
    // (microseconds of CPU time), and if to compile them takes `cost` microseconds from the
    // program? If not, half of what is long ago is forgotten.
    bool isDense(uint32_t count, uint32_t units, uint64_t now, uint64_t cost);

  private:
    uint32_t before_ = 0; // of the count: not in the window
    uint32_t since_ = 0;  // milliseconds of CPU time
};

} // namespace pyston::runtime
