// Cooper, Harvey, Kennedy: "A Simple, Fast Dominance Algorithm" (2001).
#include "hir/hir.h"

namespace pyston::hir {

Dominators::Dominators(const Function& fn)
    : idom_(static_cast<size_t>(fn.numBlockIds()), nullptr),
      depth_(static_cast<size_t>(fn.numBlockIds()), 0) {
    // Position in reverse postorder, counted from 1; 0 is the virtual root. -1: not computed yet.
    std::vector<int> position(static_cast<size_t>(fn.numBlockIds()), -1);
    const std::vector<Block*>& blocks = fn.blocks();
    for (size_t i = 0; i < blocks.size(); i++) {
        position[static_cast<size_t>(blocks[i]->id())] = static_cast<int>(i) + 1;
    }
    std::vector<int> idom(blocks.size() + 1, -1);
    idom[0] = 0;
    auto intersect = [&](int a, int b) {
        while (a != b) {
            while (a > b) {
                a = idom[static_cast<size_t>(a)];
            }
            while (b > a) {
                b = idom[static_cast<size_t>(b)];
            }
        }
        return a;
    };
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < blocks.size(); i++) {
            int best = blocks[i]->isEntry() ? 0 : -1;
            for (const Block* pred : blocks[i]->preds()) {
                int p = position[static_cast<size_t>(pred->id())];
                if (p < 0 || idom[static_cast<size_t>(p)] < 0) {
                    continue;
                }
                best = best < 0 ? p : intersect(best, p);
            }
            if (best >= 0 && idom[i + 1] != best) {
                idom[i + 1] = best;
                changed = true;
            }
        }
    }
    for (size_t i = 0; i < blocks.size(); i++) {
        if (idom[i + 1] > 0) {
            const Block* parent = blocks[static_cast<size_t>(idom[i + 1]) - 1];
            size_t id = static_cast<size_t>(blocks[i]->id());
            idom_[id] = parent;
            // A dominator precedes in reverse postorder, so its depth is known.
            depth_[id] = depth_[static_cast<size_t>(parent->id())] + 1;
        }
    }
}

bool Dominators::dominates(const Block* a, const Block* b) const {
    int depth = depth_[static_cast<size_t>(a->id())];
    while (b && depth_[static_cast<size_t>(b->id())] > depth) {
        b = idom_[static_cast<size_t>(b->id())];
    }
    return a == b;
}

} // namespace pyston::hir
