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
    : fn_(fn), context_(context), layout_(context.layout), lir_(std::make_unique<lir::Function>()),
      e_(*lir_) {
    lir_->name = fn.name;
    lir_->numSlots = fn.numSlots;
    blocks_.resize(static_cast<size_t>(fn.numBlockIds()));
    regions_.resize(static_cast<size_t>(fn.numBlockIds()));
    registers_.resize(static_cast<size_t>(fn.numInstrIds()), lir::kNoReg);
    leftAtEnd_.resize(static_cast<size_t>(fn.numBlockIds()));
    fused_.resize(static_cast<size_t>(fn.numInstrIds()));
}

std::unique_ptr<lir::Function> Lowering::run() {
    findRegions();
    findFusedCompares();
    for (const hir::Block* block : fn_.blocks()) {
        lir::Block* made = e_.newBlock();
        made->entryOffset = block->entryOffset();
        made->cold = regions_[static_cast<size_t>(block->id())].cold;
        blocks_[static_cast<size_t>(block->id())] = made;
        for (const hir::Instr* instr : block->instrs()) {
            if (!instr->isPhi())
                break;
            define(*instr, e_.addParam(made, instr->type().isFloatRegister() ? RegClass::kFloat
                                                                             : RegClass::kInt));
        }
    }
    for (const hir::Block* block : fn_.blocks())
        lowerBlock(*block);
    e_.finish();
    return std::move(lir_);
}

// Loop depth: a retreating edge in reverse postorder closes a loop, whose body is what reaches the
// edge's source without passing the header. Cold: what can only end in a departure, and what is only
// reached through cold blocks.
void Lowering::findRegions() {
    const auto& order = fn_.blocks();
    std::vector<size_t> position(regions_.size());
    for (size_t i = 0; i < order.size(); ++i)
        position[static_cast<size_t>(order[i]->id())] = i;
    const auto region = [&](const hir::Block* b) -> Region& {
        return regions_[static_cast<size_t>(b->id())];
    };
    std::vector<size_t> mark(regions_.size(), 0);
    size_t loops = 0;
    for (const hir::Block* header : order) {
        std::vector<const hir::Block*> work;
        for (const hir::Block* pred : header->preds()) {
            const auto at = position[static_cast<size_t>(pred->id())];
            if (at >= position[static_cast<size_t>(header->id())])
                work.push_back(pred);
        }
        if (work.empty())
            continue;
        mark[static_cast<size_t>(header->id())] = ++loops;
        ++region(header).loopDepth;
        while (!work.empty()) {
            const hir::Block* block = work.back();
            work.pop_back();
            size_t& seen = mark[static_cast<size_t>(block->id())];
            if (seen == loops || block->isEntry())
                continue;
            seen = loops;
            ++region(block).loopDepth;
            work.insert(work.end(), block->preds().begin(), block->preds().end());
        }
    }
    for (auto it = order.rbegin(); it != order.rend(); ++it) {
        const hir::Instr* last = (*it)->terminator();
        const auto op = last->opcode();
        if ((*it)->isCold() || op == hir::Opcode::kDeopt ||
            op == hir::Opcode::kRaise)
            region(*it).cold = true;
        else if (!last->targets().empty())
            region(*it).cold = std::ranges::all_of(
                last->targets(), [&](const hir::Block* t) { return region(t).cold; });
    }
    for (const hir::Block* block : order) {
        bool cold = !block->isEntry();
        for (const hir::Block* pred : block->preds()) {
            const bool isBackEdge = position[static_cast<size_t>(pred->id())] >=
                                    position[static_cast<size_t>(block->id())];
            cold = cold && (isBackEdge || region(pred).cold);
        }
        region(block).cold = region(block).cold || cold;
    }
}

void Lowering::lowerBlock(const hir::Block& block) {
    const Region& region = regions_[static_cast<size_t>(block.id())];
    e_.setRegion(region.loopDepth, region.cold);
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
    const auto depth = [&](const hir::Block* b) {
        return regions_[static_cast<size_t>(b->id())].loopDepth;
    };
    const hir::Block* source = edge.from->block();
    e_.setRegion(std::min(depth(source), depth(edge.from->target(edge.index))),
                 regions_[static_cast<size_t>(source->id())].cold);
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
