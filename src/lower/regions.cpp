#include "lower/regions.h"

#include <algorithm>

namespace pyston::lower {

Regions::Regions(const hir::Function& fn) {
    const auto count = static_cast<size_t>(fn.numBlockIds());
    position_.resize(count);
    depth_.resize(count);
    cold_.resize(count);
    computeOrder(fn);
    findLoops();
    findCold();
    computeOrder(fn); // with what is known now
}

// What a depth-first walk visits first comes last in the reverse postorder.
void Regions::computeOrder(const hir::Function& fn) {
    struct Step {
        const hir::Block* block;
        std::vector<const hir::Block*> succs; // the next to visit at the back
    };
    const auto byPlace = [&](const hir::Block* a, const hir::Block* b) {
        if (cold_[index(a)] != cold_[index(b)])
            return !cold_[index(a)];
        return depth_[index(a)] > depth_[index(b)];
    };
    std::vector<bool> seen(position_.size());
    std::vector<Step> stack;
    const auto enter = [&](const hir::Block* block) {
        if (seen[index(block)])
            return;
        seen[index(block)] = true;
        stack.push_back({block, {block->succs().begin(), block->succs().end()}});
        std::ranges::stable_sort(stack.back().succs, byPlace);
    };
    order_.clear();
    for (const hir::Block* entry : fn.blocks()) {
        if (entry->isEntry())
            enter(entry);
        while (!stack.empty()) {
            Step& top = stack.back();
            if (top.succs.empty()) {
                order_.push_back(top.block);
                stack.pop_back();
                continue;
            }
            const hir::Block* next = top.succs.back();
            top.succs.pop_back();
            enter(next);
        }
    }
    std::ranges::reverse(order_);
    for (size_t i = 0; i < order_.size(); ++i)
        position_[index(order_[i])] = i;
}

// A retreating edge closes a loop, whose body is what reaches the edge's source without passing the
// header. Entries in the middle of a loop (OSR) are not part of it.
void Regions::findLoops() {
    std::vector<const hir::Block*> mark(position_.size()); // the last header that claimed the block
    for (const hir::Block* header : order_) {
        std::vector<const hir::Block*> work;
        for (const hir::Block* pred : header->preds()) {
            if (isRetreating(pred, header))
                work.push_back(pred);
        }
        if (work.empty())
            continue;
        mark[index(header)] = header;
        ++depth_[index(header)];
        while (!work.empty()) {
            const hir::Block* block = work.back();
            work.pop_back();
            if (mark[index(block)] == header || block->isEntry())
                continue;
            mark[index(block)] = header;
            ++depth_[index(block)];
            work.insert(work.end(), block->preds().begin(), block->preds().end());
        }
    }
}

void Regions::findCold() {
    for (auto it = order_.rbegin(); it != order_.rend(); ++it) {
        const hir::Block* block = *it;
        const hir::Opcode last = block->terminator()->opcode();
        const auto succs = block->succs();
        const bool leaves = last == hir::Opcode::kDeopt || last == hir::Opcode::kRaise;
        const bool onlyToCold =
            !succs.empty() &&
            std::ranges::all_of(succs, [&](const hir::Block* s) { return isCold(s); });
        cold_[index(block)] = block->isCold() || leaves || onlyToCold;
    }
    for (const hir::Block* block : order_) {
        const bool onlyFromCold =
            !block->isEntry() && std::ranges::all_of(block->preds(), [&](const hir::Block* pred) {
                return isRetreating(pred, block) || isCold(pred);
            });
        cold_[index(block)] = cold_[index(block)] || onlyFromCold;
    }
}

} // namespace pyston::lower
