// What of the compiler a process used, for tests that want to know what they do not reach
// (-X pyston-coverage). Counts only while the option is on; nothing in compiled code counts.
#pragma once

#include "exits/exit_table.h"
#include "hir/hir.h"
#include "runtime/helpers.h"

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace pyston::runtime {

struct Coverage {
    using PerOpcode = std::array<uint64_t, hir::kNumOpcodes>;
    PerOpcode built{};                                   // instructions that the builder left
    PerOpcode lowered{};                                 // those that the passes left
    std::array<uint64_t, kNumHelpers> helpers{};         // calls in code (not: how often it ran)
    std::map<std::string, uint64_t> passes;              // runs that changed something
    std::array<PerOpcode, exits::kNumReasons> emitted{}; // exits in code
    std::array<PerOpcode, exits::kNumReasons> taken{};   // exits taken at run time
};

// The compiler may run on a thread of its own: a copy.
Coverage coverage();

void coverBuilt(const hir::Function& fn);
void coverLowered(const hir::Function& fn);
// Empty without the option; else what coverPass() wants to know of the function before the pass.
std::string textBeforePass(const hir::Function& fn);
void coverPass(std::string_view name, const std::string& before, const hir::Function& fn);
void coverHelper(Helper helper);
void coverEmitted(std::span<const exits::Record> records);
void coverExit(exits::Reason reason, uint8_t hirOpcode);

} // namespace pyston::runtime
