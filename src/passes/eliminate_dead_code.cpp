// Mark and sweep over SSA values. Roots are the instructions with an effect; a mention in the frame
// state of a kept instruction is a use like an operand. Cycles of phis that feed only themselves go
// too.
//
// Requires: nothing. Provides: every value with only its result to offer is used. Breaks: start
// states of blocks may name removed values.
#include "passes/passes.h"

#include <algorithm>

namespace pyston::passes {

using namespace hir;

void eliminateDeadCode(Function& fn) {
    std::vector<bool> used(static_cast<size_t>(fn.numInstrIds()), false);
    std::vector<const Instr*> work;
    auto use = [&](const Instr* value) {
        if (value && !used[static_cast<size_t>(value->id())]) {
            used[static_cast<size_t>(value->id())] = true;
            work.push_back(value);
        }
    };
    for (const Block* block : fn.blocks()) {
        for (const Instr* instr : block->instrs()) {
            if (!instr->isRemovableIfUnused()) {
                use(instr);
            }
        }
    }
    while (!work.empty()) {
        const Instr* instr = work.back();
        work.pop_back();
        std::ranges::for_each(instr->operands(), use);
        for (const FrameState* state = instr->frameState(); state; state = state->parent) {
            std::ranges::for_each(state->slots, use);
            std::ranges::for_each(state->stack, use);
        }
        if (instr->exitReferences()) {
            std::ranges::for_each(instr->exitReferences()->releases, use);
        }
    }
    for (Block* block : fn.blocks()) {
        std::erase_if(block->instrs(),
                      [&](const Instr* instr) { return !used[static_cast<size_t>(instr->id())]; });
    }
}

} // namespace pyston::passes
