// The walk over blocks: regions (loop depth, cold), edges with their phi arguments, dispatch.
#include "lower/lower.h"

#include "lower/lowering.h"

#include <algorithm>
#include <cassert>

namespace pyston::lower {

std::unique_ptr<lir::Function> lower(const hir::Function& fn, const Context& context) {
    return Lowering(fn, context).run();
}

Lowering::Lowering(const hir::Function& fn, const Context& context)
    : fn_(fn), context_(context), layout_(context.layout), regions_(fn),
      lir_(std::make_unique<lir::Function>()), e_(*lir_) {
    lir_->name = fn.name;
    lir_->numSlots = fn.numSlots;
    blocks_.resize(static_cast<size_t>(fn.numBlockIds()));
    registers_.resize(static_cast<size_t>(fn.numInstrIds()), lir::kNoReg);
    leftAtEnd_.resize(static_cast<size_t>(fn.numBlockIds()));
    fused_.resize(static_cast<size_t>(fn.numInstrIds()));
}

std::unique_ptr<lir::Function> Lowering::run() {
    findFusedCompares();
    for (const hir::Block* block : regions_.order()) {
        lir::Block* made = e_.newBlock();
        made->entryOffset = block->entryOffset();
        made->cold = regions_.isCold(block);
        blocks_[static_cast<size_t>(block->id())] = made;
        for (const hir::Instr* instr : block->instrs()) {
            if (!instr->isPhi())
                break;
            define(*instr, e_.addParam(made, instr->type().isFloatRegister() ? RegClass::kFloat
                                                                             : RegClass::kInt));
        }
    }
    for (const hir::Block* block : regions_.order())
        lowerBlock(*block);
    e_.finish();
    return std::move(lir_);
}

void Lowering::lowerBlock(const hir::Block& block) {
    e_.setRegion(regions_.loopDepth(&block), regions_.isCold(&block));
    e_.start(lirBlock(&block));
    if (block.isEntry())
        enterFrame(block);
    hasLeft_ = std::ranges::any_of(block.preds(), [&](const hir::Block* pred) {
        return leftAtEnd_[static_cast<size_t>(pred->id())];
    });
    for (const hir::Instr* instr : block.instrs())
        lowerInstr(*instr);
    leftAtEnd_[static_cast<size_t>(block.id())] = hasLeft_;
}

void Lowering::lowerInstr(const hir::Instr& instr) {
    exitCache_.fill(-1);
    if (context_.stressCounter != 0)
        stressExit(instr);
    (this->*handler(instr.opcode()))(instr);
}

Lowering::Handler Lowering::handler(hir::Opcode op) {
    static constexpr std::array<Handler, hir::kNumOpcodes> kHandlers = {
#define HIR_OP(name, ...) &Lowering::lower##name,
#include "hir/opcodes.def"
#undef HIR_OP
    };
    return kHandlers[static_cast<size_t>(op)];
}

// An edge of a conditional branch gets a block of its own if phi arguments must be set on it or if
// its target has other predecessors.
Lowering::Edge Lowering::edge(const hir::Instr& terminator, size_t index) {
    const hir::Block* target = terminator.target(index);
    lir::Block* to = lirBlock(target);
    if (target->preds().size() == 1 && to->params.empty())
        return {to, false, &terminator, index};
    lir::Block* middle = e_.newBlock();
    middle->cold = to->cold;
    return {middle, true, &terminator, index};
}

void Lowering::finishEdge(const Edge& edge) {
    if (!edge.split)
        return;
    const hir::Block* source = edge.from->block();
    const hir::Block* target = edge.from->target(edge.index);
    e_.setRegion(std::min(regions_.loopDepth(source), regions_.loopDepth(target)),
                 regions_.isCold(source));
    e_.start(edge.to);
    jumpTo(*edge.from, edge.index);
}

void Lowering::jumpTo(const hir::Instr& terminator, size_t index) {
    const hir::Block* target = terminator.target(index);
    // Two edges between the same blocks carry the same phi operands.
    const size_t pred = target->predIndex(terminator.block());
    std::vector<VReg> args;
    for (const hir::Instr* instr : target->instrs()) {
        if (!instr->isPhi())
            break;
        args.push_back(use(instr->operand(pred)));
    }
    e_.jump(lirBlock(target), args);
}

} // namespace pyston::lower
