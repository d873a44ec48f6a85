// Executable memory, below 4 GiB where possible so that calls into the interpreter are direct.
// Pages are never writable and executable at once: code is written through a second mapping.
// Thread-safe; after fork() the child has a copy of its own at the same addresses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pyston::runtime {

// Reserves `size` bytes (16-byte aligned); returns the executable address or null when the limit is
// reached. Freed with releaseCode().
uint8_t* reserveCode(size_t size);
// Copies code to a reserved address. False (and nothing is written) when the system refuses it.
bool writeCode(uint8_t* address, std::span<const uint8_t> bytes);
// Gives memory back. A part of a reservation may be given back: code whose size is not yet known is
// reserved generously, and after emission the tail is released (from a multiple of 16 bytes on).
void releaseCode(uint8_t* address, size_t size);
size_t codeBytesInUse();
// The most that may be in use, 128 MiB by default.
void setCodeLimit(size_t bytes);
// From now on code lies in memory that the perf profiler takes for no file's, and whose symbols it
// looks up in /tmp/perf-PID.map.
void useAnonymousCodeMemory();

} // namespace pyston::runtime
