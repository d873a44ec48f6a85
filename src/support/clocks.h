// Time. On a busy machine the time on the clock says little about what something costs: that is
// measured in CPU time.
#pragma once

#include <cstdint>
#include <ctime>

namespace pyston {

// Microseconds, of CLOCK_PROCESS_CPUTIME_ID or CLOCK_THREAD_CPUTIME_ID.
inline uint64_t cpuMicroseconds(clockid_t clock) {
    timespec used{};
    clock_gettime(clock, &used);
    return static_cast<uint64_t>(used.tv_sec) * 1'000'000 +
           static_cast<uint64_t>(used.tv_nsec) / 1'000;
}
inline uint64_t processCpuMicroseconds() {
    return cpuMicroseconds(CLOCK_PROCESS_CPUTIME_ID);
}
inline uint64_t threadCpuMicroseconds() {
    return cpuMicroseconds(CLOCK_THREAD_CPUTIME_ID);
}

// Of CLOCK_MONOTONIC.
inline uint64_t monotonicNanoseconds() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

} // namespace pyston
