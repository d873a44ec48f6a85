// Orders parallel moves.
//
// A move whose target nobody waits to read can go; when only cycles are left, one value is set
// aside in the scratch register. A cycle holds the scratch register of one class, so that moves
// from memory to memory inside of it go through that of the other class (they are plain 64-bit
// copies).
#include "regalloc/regalloc.h"

#include <algorithm>
#include <cassert>

namespace pyston::regalloc {

namespace {

using lir::RegClass;

constexpr int kNumRegisters = 64; // of each class, more than any CPU has

// Registers of the two classes are different places of the same number; spill slots have no class.
int keyOf(RegClass cls, Place place) {
    if (place.kind == Place::kSpill)
        return 2 * kNumRegisters + place.index;
    return (cls == RegClass::kFloat ? kNumRegisters : 0) + place.index;
}

class Sequencer {
  public:
    Sequencer(const std::vector<Move>& parallel, Place gpScratch, Place fpScratch)
        : scratch_{gpScratch, fpScratch} {
        int maxKey = 0;
        for (const Move& m : parallel) {
            if (m.from == m.to)
                continue;
            assert(m.from.kind != Place::kNone && m.to.kind != Place::kNone);
            pending_.push_back(m);
            maxKey = std::max({maxKey, keyOf(m.cls, m.from), keyOf(m.cls, m.to)});
        }
        readers_.resize(maxKey + 1);
        writer_.resize(maxKey + 1, -1);
        for (size_t i = 0; i < pending_.size(); ++i) {
            ++readers_[keyOf(pending_[i].cls, pending_[i].from)];
            int& writer = writer_[keyOf(pending_[i].cls, pending_[i].to)];
            assert(writer < 0 && "two moves to one place");
            writer = static_cast<int>(i);
        }
        done_.resize(pending_.size());
    }

    std::vector<Move> run() {
        for (size_t i = 0; i < pending_.size(); ++i)
            performIfReady(static_cast<int>(i));
        for (size_t i = 0; i < pending_.size(); ++i) {
            if (!done_[i])
                breakCycle(static_cast<int>(i));
        }
        return std::move(out_);
    }

  private:
    // Performs the move if its target is free, then the one that waited for its source, and so on.
    void performIfReady(int i) {
        while (i >= 0 && !done_[i] && readers_[keyOf(pending_[i].cls, pending_[i].to)] == 0) {
            const Move& m = pending_[i];
            done_[i] = true;
            emit(m);
            int from = keyOf(m.cls, m.from);
            i = --readers_[from] == 0 ? writer_[from] : -1;
        }
    }

    // All that is left is disjoint cycles: a place that is still to be written has one reader left.
    void breakCycle(int i) {
        Move last = pending_[i];
        int held = last.cls == RegClass::kFloat;
        int from = keyOf(last.cls, last.from);
        out_.push_back({last.cls, last.from, scratch_[held]});
        busy_ = held;
        done_[i] = true;
        --readers_[from];
        performIfReady(writer_[from]);
        out_.push_back({last.cls, scratch_[held], last.to});
        busy_ = -1;
    }

    void emit(const Move& m) {
        if (m.from.kind == Place::kSpill && m.to.kind == Place::kSpill) {
            int via = m.cls == RegClass::kFloat;
            if (busy_ == via)
                via = 1 - via;
            RegClass cls = via ? RegClass::kFloat : RegClass::kInt;
            out_.push_back({cls, m.from, scratch_[via]});
            out_.push_back({cls, scratch_[via], m.to});
            return;
        }
        out_.push_back(m);
    }

    Place scratch_[2];
    int busy_ = -1; // the class whose scratch register holds a value of a cycle
    std::vector<Move> pending_;
    std::vector<bool> done_;
    std::vector<int> readers_; // by key: pending moves that read the place
    std::vector<int> writer_;  // by key: the move to the place
    std::vector<Move> out_;
};

} // namespace

std::vector<Move> sequentialize(const std::vector<Move>& parallel, Place gpScratch,
                                Place fpScratch) {
    return Sequencer(parallel, gpScratch, fpScratch).run();
}

} // namespace pyston::regalloc
