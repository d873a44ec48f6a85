// Where generators that were resumed lately are resumed, by the instruction at which they stand: to
// find that through the code object takes six dependent loads.
#pragma once

#include "runtime/code_data.h"

#include <array>
#include <cstdint>

namespace pyston::runtime {

struct ResumePoint {
    const void* at = nullptr;
    NativeEntry native{};   // what resumes the frame
    NativeEntry withNone{}; // the same, for a frame that is sent None
};

inline constexpr size_t kResumePoints = 256;
inline std::array<ResumePoint, kResumePoints> resumePoints;

// The point at `at` if its field says so, else the place for it.
inline ResumePoint& resumePointFor(const void* at) {
    const auto address = reinterpret_cast<uintptr_t>(at);
    return resumePoints[(address >> 1 ^ address >> 9) % kResumePoints];
}
// Has to be called when what CodeData::nativeResume says of any code changes, or code dies.
inline void forgetResumePoints() {
    resumePoints.fill({});
}

} // namespace pyston::runtime
