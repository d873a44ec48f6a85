// Chains of generators that wait in `yield from` or `await`, resumed without running each of them.
#pragma once

#include "cpython/v3_11/interpreter.h"

#include <bit>
#include <cstring>

namespace pyston::host {

// Does the suspended frame stand in `yield from` or `await`, waiting for what is on top of its
// stack? The compiler makes the same four instructions for all.
inline bool isDelegating(const Frame* frame) {
    static_assert(std::endian::native == std::endian::little && sizeof(_Py_CODEUNIT) == 2);
    constexpr auto unit = [](uint64_t opcode, uint64_t arg) { return opcode | arg << 8; };
    constexpr uint64_t kAnyArg = 0x00ff, kResumed = 0xfefe; // by 2 or 3; RESUME or RESUME_QUICK
    constexpr uint64_t kMask = 0xffffULL | kAnyArg << 16 | kResumed << 32 | 0xffffULL << 48;
    constexpr uint64_t kDelegation = unit(SEND, 3) | unit(YIELD_VALUE, 0) << 16 |
                                     unit(RESUME, 2) << 32 |
                                     unit(JUMP_BACKWARD_NO_INTERRUPT, 4) << 48;
    uint64_t units; // the frame stands at the yield
    std::memcpy(&units, frame->prev_instr - 1, sizeof units);
    return (units & kMask) == (kDelegation & kMask);
}

// A native function for such a frame, which was linked when it had `depth` entries in localsplus
// (the receiver on top), and then given None: sends None to the innermost generator that it waits
// for at last. `entry`: where compiled code would resume the frame itself.
PyObject* resumeDelegating(PyThreadState* tstate, Frame* frame, const void* entry);

} // namespace pyston::host
