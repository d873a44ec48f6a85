// Makes compiled code known to those who walk the native stack: the C++ runtime (exceptions, forced
// unwinding at thread exit, backtraces), gdb, and perf.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace pyston::cpu {
struct UnwindFormat;
}

namespace pyston::runtime {

// `instructions`: EmittedCode::unwindInfo. The code must be in place already.
void registerNativeCode(const uint8_t* base, size_t size, std::string_view name,
                        const cpu::UnwindFormat& format, std::span<const uint8_t> instructions);
// Before the memory is released. Unknown addresses are ignored.
void unregisterNativeCode(const uint8_t* base);

// From now on, symbols of compiled code are written to /tmp/perf-PID.map; a forked child writes its
// own. Code registered before is included.
void enablePerfMap();
// From now on, gdb is told of compiled code (its "JIT interface"); code registered before is
// included.
void enableGdbInterface();

} // namespace pyston::runtime
