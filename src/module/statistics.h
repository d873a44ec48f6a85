// What `_pyston.stats()` returns and `-X pyston-stats` prints.
#pragma once

#include "support/fwd.h"

namespace pyston::module {

// A new dict, or null with an exception set.
Object* statisticsDict();
// One function's part of it; None when it was never compiled.
Object* functionStatistics(Object* code);
void printStatistics();

} // namespace pyston::module
