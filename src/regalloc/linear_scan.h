// Chooses a register or memory for every part of every live range.
#pragma once

#include "regalloc/intervals.h"

#include <array>
#include <queue>
#include <span>
#include <utility>
#include <vector>

namespace pyston::cpu {
struct Target;
}

namespace pyston::regalloc {

// A part of a register's life that is spent in one place.
struct Piece {
    int start, end;
    int reg; // -1: in the register's spill slot
};

// The pieces of each virtual register, in order.
class Pieces {
  public:
    std::span<const Piece> operator[](lir::VReg v) const {
        return std::span(all_).subspan(begin_[v], begin_[v + 1] - begin_[v]);
    }

  private:
    friend class LinearScan;
    std::vector<Piece> all_;
    std::vector<size_t> begin_; // by register, and the end
};

class LinearScan {
  public:
    LinearScan(const Liveness& live, const cpu::Target& target);

    void run();
    Pieces pieces() const;

  private:
    struct Interval {
        lir::VReg v;
        int start, end;
        int rangesBegin, rangesEnd; // indices in live_.ranges(v)
        int usesBegin, usesEnd;     // indices in live_.uses(v)
        int reg = -1;
        int cursor = 0; // the range at or after the position of the scan
        int next = -1;  // the next part of the same register
        bool late =
            false; // was split for a reload at a cheap place: next time right before the use
    };
    static constexpr int kNumRegisters = 64;
    static constexpr int kNever = 1 << 30;
    using PerRegister = std::array<int, kNumRegisters>;
    // Next range's start, interval; sorted, the first one last.
    using Inactive = std::vector<std::pair<int, int>>;

    void collectHints();
    void addHint(lir::VReg of, lir::VReg hint, int slot);
    void collectArgumentHints(const cpu::Target& target);
    void advance(int pos);
    void activate(int index);
    void deactivate(int cls, int reg);
    void process(int index);

    int split(int index, int pos);
    void enqueue(int index) { queue_.push({intervals_[index].start, index}); }
    void assign(int index, int reg);
    void unassign(int index);
    void splitBefore(int index, int limit);
    void spillUntilUse(int index, int now);
    void evict(int reg, int index);
    bool tryEvictCheaper(int index, float cost);
    int pickVictim(int index, bool mustHave, float ownScore) const;
    int pickFree(int index, const PerRegister& freeUntil) const;

    int classOf(int index) const {
        return live_.fn().classes[intervals_[index].v] == lir::RegClass::kFloat;
    }
    Range rangeAt(const Interval& it, int range) const;
    bool startsAtDef(const Interval& it) const { return it.start == live_.defPos(it.v); }
    bool hasReg(int cls, int reg) const { return (allocatable_[cls] >> reg & 1) != 0; }
    bool isCallerSaved(int cls, int reg) const { return (callerSaved_[cls] >> reg & 1) != 0; }
    int firstClobber(const Interval& it) const;
    int intersection(const Interval& a, const Interval& b) const;
    PerRegister freeUntil(int index) const;
    const Use* useFrom(const Interval& it, int pos, bool hardOnly) const;
    float weightOfUses(const Interval& it, int from, int to) const;
    float score(const Interval& it, int pos) const;
    bool mayEvict(const Interval& it, int pos) const;
    int cheapestGap(int low, int high) const;

    const Liveness& live_;
    const uint64_t allocatable_[2];
    const uint64_t callerSaved_[2];
    std::vector<Interval> intervals_; // the first ones by register number
    std::vector<std::array<lir::VReg, 3>> hints_;
    std::vector<int> lastReg_;       // by virtual register
    std::vector<int> argumentHints_; // likewise: the register in which a call wants it, or -1
    std::priority_queue<std::pair<int, int>, std::vector<std::pair<int, int>>, std::greater<>>
        queue_;
    PerRegister active_[2]; // the interval that occupies the register at the position, or -1
    uint64_t busy_[2] = {}; // the registers of which there is one
    Inactive inactive_[2];
    int nextChange_ = 0; // before this position advance() has nothing to do
};

} // namespace pyston::regalloc
