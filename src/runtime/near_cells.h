// Memory within reach of compiled code that holds addresses which are not: a call through such a
// cell takes half the bytes of one through a register.
#pragma once

#include <cstdint>

namespace pyston::runtime {

// The address of the 8 bytes that hold `address`; they stay. 0 if there is no room for another.
uint64_t nearCell(uint64_t address);

} // namespace pyston::runtime
