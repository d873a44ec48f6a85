// Lets exit-only frame states refer to unboxed values.
//
// A frame state of a guard is read only when the guard fails, so it can name the raw int64, double
// or truth value; the exit boxes it. A state is "observed" when an operation that runs Python code
// uses it (see observations.h): then the frame's memory must hold an object there, and the box
// stays; of the value stack this is true where the frame is suspended only. An int or float that is
// an object for another use is that object in every state: a list that holds it may be searched for
// it.
//
// Requires: nothing. Provides: boxes whose only real uses were exits are dead (eliminateDeadCode
// removes them). A Drop of such a box goes too: nobody can tell when an int or float dies.
#include "passes/observations.h"
#include "passes/passes.h"

#include <algorithm>
#include <unordered_set>

namespace pyston::passes {

using namespace hir;

namespace {

bool isBox(const Instr* value) {
    switch (value->opcode()) {
    case Opcode::kBoxInt:
    case Opcode::kBoxDouble:
    case Opcode::kBoxBool:
    case Opcode::kBoxOptional:
        return true;
    default:
        return false;
    }
}

bool hasIdentity(const Instr* box) {
    return box->opcode() != Opcode::kBoxBool;
}

} // namespace

void sinkBoxesIntoExits(Function& fn) {
    std::unordered_set<const FrameState*> observed, withStack;
    for (Block* block : fn.blocks())
        for (Instr* instr : block->instrs())
            if (instr->hasFrameState() && observesFrame(instr))
                for (const FrameState* fs = instr->frameState(); fs; fs = fs->parent) {
                    observed.insert(fs);
                    if (observesStack(instr))
                        withStack.insert(fs);
                }
    std::vector<char> needed(static_cast<size_t>(fn.numInstrIds()), 0);
    auto need = [&](const Instr* value) {
        if (value)
            needed[static_cast<size_t>(value->id())] = 1;
    };
    for (const FrameState* fs : observed) {
        std::ranges::for_each(fs->slots, need);
    }
    for (const FrameState* fs : withStack) {
        std::ranges::for_each(fs->stack, need);
    }
    for (Block* block : fn.blocks())
        for (Instr* instr : block->instrs())
            if (instr->opcode() != Opcode::kDrop)
                std::ranges::for_each(instr->operands(), need);
    auto replaceBoxes = [&](std::vector<Instr*>& values) {
        for (Instr*& value : values)
            if (value && isBox(value) &&
                !(hasIdentity(value) && needed[static_cast<size_t>(value->id())]))
                value = value->operand(0);
    };
    for (auto& fs : fn.frameStates()) {
        if (!observed.contains(fs.get()))
            replaceBoxes(fs->slots);
        if (!withStack.contains(fs.get()))
            replaceBoxes(fs->stack);
    }
    for (Block* block : fn.blocks())
        std::erase_if(block->instrs(), [&](Instr* instr) {
            return instr->opcode() == Opcode::kDrop && isBox(instr->operand(0)) &&
                   !needed[static_cast<size_t>(instr->operand(0)->id())];
        });
}

} // namespace pyston::passes
