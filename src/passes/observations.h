// Which operations make the frame's memory be looked at.
#pragma once

#include "hir/hir.h"

namespace pyston::passes {

// True for operations before which locals must be objects in the frame's memory. Drop and
// CheckEvalBreaker run Python code only on a rare path, on which placeFrameStores boxes anew, and
// so it does before what stands in a cold block: unboxed locals may stay so around these.
inline bool observesFrame(const hir::Instr* instr) {
    switch (instr->opcode()) {
    case hir::Opcode::kDrop:
    case hir::Opcode::kCheckEvalBreaker:
        return false;
    case hir::Opcode::kYield:
        return true;
    default:
        return instr->has(hir::kRunPython) && !instr->block()->isCold();
    }
}

// Nobody can look at the value stack: what it holds may stay unboxed unless the frame is suspended.
inline bool observesStack(const hir::Instr* instr) {
    return instr->opcode() == hir::Opcode::kYield;
}

} // namespace pyston::passes
