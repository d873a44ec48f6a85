// Where blocks lie with respect to loops and to what is executed at all, and an order of emission
// that follows from it.
#pragma once

#include "hir/hir.h"

#include <vector>

namespace pyston::lower {

class Regions {
  public:
    explicit Regions(const hir::Function& fn);

    // A reverse postorder (definitions before uses) that keeps loops together: of a branch's
    // targets, the one that leaves the loop comes later, and cold ones last.
    const std::vector<const hir::Block*>& order() const { return order_; }
    int loopDepth(const hir::Block* block) const { return depth_[index(block)]; }
    // What can only end in a departure from compiled code, what says so, and what only these lead
    // to.
    bool isCold(const hir::Block* block) const { return cold_[index(block)]; }

  private:
    static size_t index(const hir::Block* block) { return static_cast<size_t>(block->id()); }
    void computeOrder(const hir::Function& fn);
    void findLoops();
    void findCold();
    // In the present order: closes a loop.
    bool isRetreating(const hir::Block* from, const hir::Block* to) const {
        return position_[index(from)] >= position_[index(to)];
    }

    std::vector<const hir::Block*> order_;
    std::vector<size_t> position_; // in order_, by block id
    std::vector<int> depth_;
    std::vector<bool> cold_;
};

} // namespace pyston::lower
