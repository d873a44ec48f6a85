// What the stress options make happen that is rare otherwise.
#pragma once

#include "runtime/code_data.h"

#include <cstdint>
#include <optional>

namespace pyston::runtime {

// Counted down by the guards of code that is compiled while stressesExits(); the one that reaches 0
// leaves although it holds.
extern constinit int64_t guardsUntilExit;
bool stressesExits();

// The guard that leaves is the `guard`th from now (1: the next), and no other; 0: none.
void forceExitAt(uint64_t guard);

// Whether the exit that is taken now was forced. Then the next one is drawn, or there is none.
bool wasExitForced();

// The phase behind which the next compilation is to be given up. With the GIL.
std::optional<Phase> drawAbort();

} // namespace pyston::runtime
