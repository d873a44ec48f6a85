// How much of a program's time compilation may take. Programs that end soon would pay for more than
// they gain.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pyston::runtime {

// All times in microseconds of CPU time.
class CompileBudget {
  public:
    // May something that takes `predicted` to compile be compiled now, when the process has used
    // `used`, and compilation may take `percent` of that?
    bool allows(uint64_t predicted, uint64_t used, uint64_t percent) const;
    // What code of `units` code units will take to compile, going by what others took.
    uint64_t predict(size_t units) const;
    // Code of `units` code units was compiled.
    void spend(size_t units, uint64_t microseconds);
    uint64_t spent() const { return spent_; }

  private:
    uint64_t spent_ = 0;
    uint64_t units_ = 0;
};

} // namespace pyston::runtime
