// Executable memory, below 4 GiB where possible so that calls into the interpreter are direct. Pages
// are never writable and executable at once: code is written through a second mapping.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pyston::runtime {

// Reserves `size` bytes (16-byte aligned); returns the executable address or null when the limit is
// reached. Freed with release().
uint8_t* reserveCode(size_t size);
// Copies code to a reserved address.
void writeCode(uint8_t* address, std::span<const uint8_t> bytes);
void releaseCode(uint8_t* address, size_t size);
size_t codeBytesInUse();
void setCodeLimit(size_t bytes);

} // namespace pyston::runtime
