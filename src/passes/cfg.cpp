#include "passes/cfg.h"

#include <algorithm>

namespace pyston::passes {

using namespace hir;

Block* splitBlockAfter(Function& fn, Block* block, size_t position) {
    Block* rest = fn.newBlock();
    rest->setCold(block->isCold());
    auto& instrs = block->instrs();
    for (size_t i = position + 1; i < instrs.size(); ++i)
        rest->append(instrs[i]);
    instrs.resize(position + 1);
    for (Block* succ : rest->succs())
        for (Block*& pred : succ->preds())
            if (pred == block)
                pred = rest;
    // Keep reverse postorder: right behind the block it continues.
    auto& blocks = fn.blocks();
    blocks.erase(std::find(blocks.begin(), blocks.end(), rest));
    blocks.insert(std::find(blocks.begin(), blocks.end(), block) + 1, rest);
    return rest;
}

void splitCriticalEdges(Function& fn) {
    const std::vector<Block*> blocks = fn.blocks();
    for (Block* block : blocks) {
        Instr* last = block->terminator();
        if (last->targets().size() < 2)
            continue;
        for (size_t t = 0; t < last->targets().size(); ++t) {
            Block* succ = last->target(t);
            if (succ->preds().size() < 2 && !succ->instrs().front()->isPhi())
                continue;
            Block* edge = fn.newBlock();
            edge->setCold(succ->isCold() || block->isCold());
            edge->append(fn.newJump(succ));
            edge->preds().push_back(block);
            // Both targets may be the same block: replace one predecessor entry at a time.
            auto& preds = succ->preds();
            *std::find(preds.begin(), preds.end(), block) = edge;
            last->setTarget(t, edge);
            auto& order = fn.blocks();
            order.erase(std::find(order.begin(), order.end(), edge));
            order.insert(std::find(order.begin(), order.end(), block) + 1, edge);
        }
    }
}

} // namespace pyston::passes
