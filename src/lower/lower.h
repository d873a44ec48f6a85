// HIR (after reference counts and frame stores were placed) to LIR.
#pragma once

#include "cpython/layout.h"
#include "hir/hir.h"
#include "lir/lir.h"

#include <array>
#include <cstdint>
#include <memory>

namespace pyston::lower {

// What the lowering knows of the interpreter. compile.cpp fills it from host::; tests invent one.
// Helper addresses come from runtime::address().
struct Context {
    const host::Layout& layout;
    uint64_t none = 0;
    uint64_t trueObject = 0;
    uint64_t falseObject = 0;
    std::array<uint64_t, hir::kNumExactClasses> classes{}; // type objects, by hir::ExactClass
    // What arrays of a class point to, by hir::ExactClass.
    std::array<uint64_t, hir::kNumExactClasses> arrayDescriptors{};
    // The classes whose instances Send and IterNext resume directly; 0: none.
    uint64_t generator = 0;
    uint64_t coroutine = 0;
    // Address of an int64 that counts guards down; the guard that reaches 0 leaves although it
    // holds (-X pyston-stress-exits). 0: off.
    uint64_t stressCounter = 0;
};

// Requires hir::verify(fn) == "", orderBlocks(), placeFrameStores and insertReferenceCounts (tests
// may leave the last two out: every counted value of an exit is then increfed). Provides
// lir::verify(result) == "": SSA with block parameters, critical edges split, preds computed.
std::unique_ptr<lir::Function> lower(const hir::Function& fn, const Context& context);

} // namespace pyston::lower
