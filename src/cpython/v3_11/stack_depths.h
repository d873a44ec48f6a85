// What the code alone tells of a frame: how many values are on its stack, of which the interpreter
// writes down nothing while it runs, and how control gets to an instruction.
#pragma once

#include "cpython/v3_11/code_data.h"

#include <climits>

namespace pyston::host {

// Before that code unit, if it is where an instruction or its first prefix stands. Negative:
// control does not get there; kUnusableDepth: a CALL with so many arguments that it has a prefix.
int stackDepthAt(HostCode* data, int unit);
inline constexpr int16_t kUnusableDepth = SHRT_MAX;

// What is to be known before the instructions in `count` units from `first` on are overwritten.
struct Surroundings {
    bool isJumpedInto = false; // leads a jump or an exception to one of them but the first?
    int before = -1;           // the unit of the instruction right before them, if there is one
};
Surroundings lookAround(const HostCode* data, int first, int count);

} // namespace pyston::host
