// Turns the pieces of the scan into places, moves and spill slots.
#pragma once

#include "regalloc/linear_scan.h"
#include "regalloc/regalloc.h"

namespace pyston::regalloc {

Allocation resolve(const Liveness& live, const Pieces& pieces, const cpu::Target& target);

} // namespace pyston::regalloc
