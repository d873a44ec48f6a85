#include "passes/loops.h"

#include <algorithm>

namespace pyston::passes {

using namespace hir;

Loops::Loops(const Function& fn)
    : depth_(static_cast<size_t>(fn.numBlockIds()), 0),
      headers_(static_cast<size_t>(fn.numBlockIds())) {
    Dominators dominators(fn);
    std::vector<const Block*> work;
    for (const Block* header : fn.blocks()) {
        for (const Block* pred : header->preds()) {
            if (dominators.dominates(header, pred)) {
                work.push_back(pred);
            }
        }
        bool isLoop = !work.empty();
        auto enter = [&](const Block* block) {
            std::vector<const Block*>& around = headers_[index(block)];
            if (std::ranges::find(around, header) != around.end()) {
                return false;
            }
            around.push_back(header);
            depth_[index(block)]++;
            return true;
        };
        if (isLoop) {
            enter(header);
        }
        while (!work.empty()) {
            const Block* block = work.back();
            work.pop_back();
            if (enter(block)) {
                work.insert(work.end(), block->preds().begin(), block->preds().end());
            }
        }
    }
}

bool Loops::isAsShallow(const Block* block, const Block* other) const {
    const std::vector<const Block*>& around = headers_[index(other)];
    return std::ranges::all_of(headers_[index(block)], [&](const Block* header) {
        return std::ranges::find(around, header) != around.end();
    });
}

} // namespace pyston::passes
