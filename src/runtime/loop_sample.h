// How often a loop runs, from a few of its iterations.
//
// Every few milliseconds someone looks at what runs. Code that is found stands for the time since
// the last look; how many iterations that were is told by the time that the next few take.
#pragma once

#include <cstdint>

namespace pyston::runtime {

class LoopSample {
  public:
    // Iterations of which the time is taken.
    static constexpr uint32_t kIterations = 8;

    // The code was found, after `nanoseconds` in which nobody had looked.
    void begin(uint64_t nanoseconds) {
        interval_ = nanoseconds;
        edges_ = 0;
    }
    void end() { interval_ = 0; }
    bool isUnderway() const { return interval_ != 0; }

    // An edge was passed at `now`, in nanoseconds: how many does it stand for? The last one that
    // is needed ends the sample, and stands for all in the time since the last look.
    uint32_t countEdge(uint64_t now);

  private:
    uint64_t interval_ = 0; // 0: there is no sample
    uint64_t first_ = 0;
    uint32_t edges_ = 0;
};

} // namespace pyston::runtime
