// Natural loops.
#pragma once

#include "hir/hir.h"

#include <vector>

namespace pyston::passes {

// A loop is known by its header: the blocks that reach a back edge to it without passing it. Loops
// with several headers (entered in the middle) are none.
class Loops {
  public:
    explicit Loops(const hir::Function& fn);
    // Number of loops around a block.
    int depth(const hir::Block* block) const { return depth_[index(block)]; }
    // True when every loop around `block` is also around `other`.
    bool isAsShallow(const hir::Block* block, const hir::Block* other) const;

  private:
    static size_t index(const hir::Block* block) { return static_cast<size_t>(block->id()); }
    std::vector<int> depth_;
    std::vector<std::vector<const hir::Block*>> headers_; // of the loops around a block, by its id
};

} // namespace pyston::passes
