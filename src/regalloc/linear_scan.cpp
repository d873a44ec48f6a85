// Linear scan over intervals with holes (Wimmer and Franz 2010), with second-chance splitting.
//
// Differences from the paper: liveness is not tied to the block order, so that holes are always
// tested; what to evict is chosen by the weight of the next use over its distance, which is the
// farthest next use (Belady) among equal weights and keeps loops' values in registers otherwise; a
// part in memory needs no move to get there (resolve.cpp stores each value at most once on any
// path).
//
// Invariants: `active_` and `inactive_` hold the assigned intervals that are not over; intervals in
// the queue start at or after the position of the scan. A part that begins in the middle of an
// instruction and not at the definition begins in memory, since no move can be made there.
#include "regalloc/linear_scan.h"

#include "cpu/target.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <ranges>

namespace pyston::regalloc {

using lir::VReg;

namespace {

// Calls `f(i)` for each bit, the lowest first. `f` may clear its own bit where `set` came from.
template<class F> void forEachBit(uint64_t set, F f) {
    for (; set != 0; set &= set - 1)
        f(std::countr_zero(set));
}

} // namespace

LinearScan::LinearScan(const Liveness& live, const cpu::Target& target)
    : live_(live), allocatable_{target.gpAllocatable, target.fpAllocatable},
      callerSaved_{target.gpCallerSaved, target.fpCallerSaved}, lastReg_(live.numRegs(), -1) {
    active_[0].fill(-1);
    active_[1].fill(-1);
    intervals_.reserve(live.numRegs() * 2);
    for (VReg v = 0; v < live.numRegs(); ++v) {
        auto ranges = live.ranges(v);
        intervals_.push_back({v, 0, 0, 0, static_cast<int>(ranges.size()), 0,
                              static_cast<int>(live.uses(v).size())});
        if (ranges.empty())
            continue;
        intervals_.back().start = ranges.front().from;
        intervals_.back().end = ranges.back().to;
        enqueue(v);
    }
    collectHints();
    collectArgumentHints(target);
}

void LinearScan::addHint(VReg of, VReg hint, int slot) {
    if (hints_[of][slot] == lir::kNoReg)
        hints_[of][slot] = hint;
}

// Registers that would make a move superfluous: of a parameter and its arguments, and of the result
// and the first operand of two-address operations.
void LinearScan::collectHints() {
    hints_.assign(live_.numRegs(), {lir::kNoReg, lir::kNoReg, lir::kNoReg});
    const auto& classes = live_.fn().classes;
    for (const BlockInfo& info : live_.blocks()) {
        for (const lir::Instr& instr : info.block->instrs) {
            for (int t = 0; t < 2; ++t) {
                for (size_t k = 0; k < instr.args[t].size(); ++k) {
                    VReg param = instr.targets[t]->params[k];
                    addHint(instr.args[t][k], param, 0);
                    addHint(param, instr.args[t][k], hints_[param][0] == lir::kNoReg ? 0 : 1);
                }
            }
            if (instr.result == lir::kNoReg || instr.operands.empty() || instr.operands[0].isImm)
                continue;
            char format = instr.info().operands[0];
            bool copies = instr.has(lir::kColdCall) || !instr.has(lir::kCompare);
            if ((format == 'g' || format == 'f') && copies &&
                classes[instr.operands[0].reg] == classes[instr.result])
                addHint(instr.result, instr.operands[0].reg, 2);
        }
    }
}

// Where the ABI wants the value, if it is an argument (of the last such call in emission order:
// what lives across the others cannot be in such a register anyway).
void LinearScan::collectArgumentHints(const cpu::Target& target) {
    argumentHints_.assign(live_.numRegs(), -1);
    for (const BlockInfo& info : live_.blocks()) {
        for (const lir::Instr& instr : info.block->instrs) {
            if (!instr.has(lir::kCall))
                continue;
            size_t next[2] = {};
            for (const lir::Operand& operand : std::span(instr.operands).subspan(1)) {
                const bool isFloat =
                    !operand.isImm && live_.fn().classes[operand.reg] == lir::RegClass::kFloat;
                const int reg =
                    (isFloat ? target.fpArguments : target.gpArguments)[next[isFloat]++];
                if (!operand.isImm && hasReg(isFloat, reg))
                    argumentHints_[operand.reg] = reg;
            }
        }
    }
}

void LinearScan::run() {
    while (!queue_.empty()) {
        auto [pos, index] = queue_.top();
        queue_.pop();
        advance(pos);
        process(index);
    }
}

Range LinearScan::rangeAt(const Interval& it, int range) const {
    Range r = live_.ranges(it.v)[range];
    return {std::max(r.from, it.start), std::min(r.to, it.end)};
}

// Moves the intervals in registers to the position: over, in a hole, or live.
void LinearScan::advance(int pos) {
    if (pos < nextChange_)
        return;
    nextChange_ = kNever;
    auto skipPast = [&](Interval& it) {
        while (it.cursor < it.rangesEnd && rangeAt(it, it.cursor).to <= pos)
            ++it.cursor;
        return it.cursor < it.rangesEnd;
    };
    for (int cls = 0; cls < 2; ++cls) {
        Inactive& inactive = inactive_[cls];
        const auto add = [&](std::pair<int, int> entry) {
            inactive.insert(std::ranges::lower_bound(inactive, entry, std::greater<>()), entry);
        };
        forEachBit(busy_[cls], [&](int reg) {
            const int index = active_[cls][reg];
            Interval& it = intervals_[index];
            const bool lives = skipPast(it);
            const Range range = lives ? rangeAt(it, it.cursor) : Range{0, 0};
            if (!lives || range.from > pos)
                deactivate(cls, reg);
            else
                nextChange_ = std::min(nextChange_, range.to);
            if (lives && range.from > pos)
                add({range.from, index});
        });
        while (!inactive.empty() && inactive.back().first <= pos) {
            const int index = inactive.back().second;
            inactive.pop_back();
            Interval& it = intervals_[index];
            if (!skipPast(it))
                continue;
            if (const int from = rangeAt(it, it.cursor).from; from > pos)
                add({from, index});
            else
                activate(index);
        }
        if (!inactive.empty())
            nextChange_ = std::min(nextChange_, inactive.back().first);
    }
}

// It is in its register from the position on.
void LinearScan::activate(int index) {
    const Interval& it = intervals_[index];
    const int cls = classOf(index);
    active_[cls][it.reg] = index;
    busy_[cls] |= uint64_t{1} << it.reg;
    nextChange_ = std::min(nextChange_, rangeAt(it, it.cursor).to);
}

void LinearScan::deactivate(int cls, int reg) {
    active_[cls][reg] = -1;
    busy_[cls] &= ~(uint64_t{1} << reg);
}

// Splits so that the new interval, which is returned, begins at `pos`, or behind the hole around
// it.
int LinearScan::split(int index, int pos) {
    int child = static_cast<int>(intervals_.size());
    intervals_.push_back(intervals_[index]);
    Interval& a = intervals_[index];
    Interval& b = intervals_[child];
    auto ranges = live_.ranges(a.v);
    int k = a.rangesBegin;
    int count = a.rangesEnd - k;
    while (count > 0) { // the first range that ends after pos
        int half = count / 2;
        if (ranges[k + half].to <= pos) {
            k += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    b.start = std::max(pos, ranges[k].from);
    b.rangesBegin = b.cursor = k;
    if (ranges[k].from >= pos) {
        a.rangesEnd = k;
        a.end = ranges[k - 1].to;
    } else {
        a.rangesEnd = k + 1;
        a.end = pos;
    }
    b.usesBegin = a.usesEnd = static_cast<int>(useFrom(a, pos, false) - live_.uses(a.v).data());
    b.reg = -1;
    b.late = false;
    a.next = child;
    nextChange_ = std::min(nextChange_, a.end); // it may be an active one
    return child;
}

// The first use at or after `pos`; one past the interval's last if there is none.
const Use* LinearScan::useFrom(const Interval& it, int pos, bool hardOnly) const {
    const Use* all = live_.uses(it.v).data();
    const Use* use = std::lower_bound(all + it.usesBegin, all + it.usesEnd, pos,
                                      [](const Use& u, int p) { return u.pos < p; });
    while (hardOnly && use != all + it.usesEnd && !use->hard)
        ++use;
    return use;
}

float LinearScan::weightOfUses(const Interval& it, int from, int to) const {
    const Use* end = live_.uses(it.v).data() + it.usesEnd;
    float sum = 0;
    int budget = 64; // an estimate is enough
    for (const Use* use = useFrom(it, from, false); use != end && use->pos < to && budget; ++use) {
        sum += use->weight;
        --budget;
    }
    return sum;
}

// How bad it is to have the value in memory from `pos` on.
float LinearScan::score(const Interval& it, int pos) const {
    const Use* end = live_.uses(it.v).data() + it.usesEnd;
    const Use* use = useFrom(it, pos, false);
    if (use == end)
        return 0;
    return use->weight / static_cast<float>(std::max(1, use->pos - pos));
}

// Whether nothing of the instruction at `pos` needs the interval in its register.
bool LinearScan::mayEvict(const Interval& it, int pos) const {
    const Use* use = useFrom(it, pos, true);
    return use == live_.uses(it.v).data() + it.usesEnd || use->pos >= nextGap(pos);
}

int LinearScan::firstClobber(const Interval& it) const {
    auto clobbers = live_.clobbers();
    for (int k = it.rangesBegin; k < it.rangesEnd; ++k) {
        Range r = rangeAt(it, k);
        auto at = std::lower_bound(clobbers.begin(), clobbers.end(), r.from);
        if (at == clobbers.end())
            break;
        if (*at < r.to)
            return *at;
    }
    return kNever;
}

int LinearScan::intersection(const Interval& a, const Interval& b) const {
    int i = a.cursor;
    int j = b.cursor;
    while (i < a.rangesEnd && j < b.rangesEnd) {
        Range x = rangeAt(a, i);
        Range y = rangeAt(b, j);
        if (x.from < y.to && y.from < x.to)
            return std::max(x.from, y.from);
        x.to <= y.to ? ++i : ++j;
    }
    return kNever;
}

// Until where the interval could have each register, starting now: 0 if not at all. The position is
// never between the reading of an operand and the writing of the result.
LinearScan::PerRegister LinearScan::freeUntil(int index) const {
    const Interval& it = intervals_[index];
    int cls = classOf(index);
    int clobber = firstClobber(it);
    PerRegister result{};
    forEachBit(allocatable_[cls] & ~busy_[cls],
               [&](int reg) { result[reg] = isCallerSaved(cls, reg) ? clobber : kNever; });
    for (auto [from, other] : std::views::reverse(inactive_[cls])) {
        if (from >= it.end)
            break;
        int reg = intervals_[other].reg;
        if (result[reg] <= from)
            continue;
        int pos = intersection(it, intervals_[other]);
        if ((pos & 3) == kWrite)
            pos = gapAt(pos) > it.start ? gapAt(pos) : 0;
        result[reg] = std::min(result[reg], pos);
    }
    return result;
}

// The free register that serves longest; among those that serve to the end a hinted one, else one
// that calls clobber. -1 if none is free.
int LinearScan::pickFree(int index, const PerRegister& freeUntil) const {
    const Interval& it = intervals_[index];
    int cls = classOf(index);
    auto reach = [&](int reg) { return std::min(freeUntil[reg], it.end); };
    int best = -1;
    auto consider = [&](int reg) {
        if (reg >= 0 && reach(reg) > it.start && (best < 0 || reach(reg) > reach(best)))
            best = reg;
    };
    consider(lastReg_[it.v]);
    for (VReg hint : hints_[it.v])
        consider(hint == lir::kNoReg ? -1 : lastReg_[hint]);
    consider(argumentHints_[it.v]);
    uint64_t callerSaved = allocatable_[cls] & callerSaved_[cls];
    for (uint64_t set : {callerSaved, allocatable_[cls] & ~callerSaved}) {
        for (; set && (best < 0 || reach(best) < it.end); set &= set - 1)
            consider(std::countr_zero(set));
    }
    return best;
}

void LinearScan::assign(int index, int reg) {
    Interval& it = intervals_[index];
    it.reg = reg;
    lastReg_[it.v] = reg;
    activate(index);
}

void LinearScan::unassign(int index) {
    Interval& it = intervals_[index];
    deactivate(classOf(index), it.reg);
    it.reg = -1;
}

// The gap in [low, high] that runs most rarely: `high`, or before the end of a block in between.
int LinearScan::cheapestGap(int low, int high) const {
    const auto& blocks = live_.blocks();
    // At the end of the function `high` has no instruction.
    int last = live_.blockAt(std::min(high, blocks.back().to - 1));
    int best = high;
    float weight = blocks[last].weight;
    for (int b = last - 1, budget = 200; b >= 0 && budget; --b, --budget) {
        int pos = blocks[b].to - kPerInstr;
        if (pos < low)
            break;
        if (blocks[b].weight < weight) {
            weight = blocks[b].weight;
            best = pos;
        }
    }
    return best;
}

// The interval has its register only before `limit`: the rest is looked at again.
void LinearScan::splitBefore(int index, int limit) {
    const Interval& it = intervals_[index];
    if (limit >= it.end)
        return;
    int low = it.start + 1;
    const Use* first = live_.uses(it.v).data() + it.usesBegin;
    const Use* use = useFrom(it, limit, false);
    if (use != first)
        low = std::max(low, use[-1].pos + 1);
    low = nextGap(low - 1);
    int high = gapAt(limit);
    enqueue(split(index, low <= high ? cheapestGap(low, high) : limit));
}

// Leaves the interval in memory up to its next use that needs a register, and has the rest looked
// at again, which begins after `now`.
void LinearScan::spillUntilUse(int index, int now) {
    Interval& it = intervals_[index];
    const Use* use = useFrom(it, nextGap(now), true);
    if (use == live_.uses(it.v).data() + it.usesEnd)
        return;
    int high = gapAt(use->pos);
    int low = nextGap(std::max(now, it.start));
    int pos = it.late || low >= high ? high : cheapestGap(low, high);
    int child = split(index, pos);
    intervals_[child].late = true;
    enqueue(child);
}

// Frees the register for the interval, from its start to its end.
void LinearScan::evict(int reg, int index) {
    int cls = classOf(index);
    int now = intervals_[index].start;
    int victim = active_[cls][reg];
    if (victim >= 0) {
        unassign(victim);
        const Interval& it = intervals_[victim];
        if (it.start < now) {
            int low = it.start + 1;
            const Use* first = live_.uses(it.v).data() + it.usesBegin;
            const Use* use = useFrom(it, now, false);
            if (use != first)
                low = std::max(low, use[-1].pos + 1);
            int pos = cheapestGap(low, gapAt(now));
            int rest = split(victim, pos >= low ? pos : now);
            intervals_[victim].reg = reg;
            spillUntilUse(rest, now);
        } else {
            spillUntilUse(victim, now);
        }
    }
    std::vector<std::pair<int, int>> hit;
    for (auto entry : std::views::reverse(inactive_[cls])) {
        if (entry.first >= intervals_[index].end)
            break;
        if (intervals_[entry.second].reg == reg &&
            intersection(intervals_[index], intervals_[entry.second]) != kNever)
            hit.push_back(entry);
    }
    for (auto entry : hit) {
        inactive_[cls].erase(std::ranges::lower_bound(inactive_[cls], entry, std::greater<>()));
        enqueue(split(entry.second, now));
    }
}

// When the interval could have a register only for a time: takes one for all its time from an
// interval that loses less. `cost` is what the split would cost.
bool LinearScan::tryEvictCheaper(int index, float cost) {
    const Interval& it = intervals_[index];
    int cls = classOf(index);
    int clobber = firstClobber(it);
    int best = -1;
    float bestScore = 0;
    forEachBit(busy_[cls], [&](int reg) {
        int other = active_[cls][reg];
        if ((isCallerSaved(cls, reg) && clobber < it.end) || !mayEvict(intervals_[other], it.start))
            return;
        float loss = weightOfUses(intervals_[other], it.start, it.end);
        float theirs = score(intervals_[other], it.start);
        if (loss < cost || (best >= 0 && loss == cost && theirs < bestScore)) {
            cost = loss;
            best = reg;
            bestScore = theirs;
        }
    });
    if (best < 0)
        return false;
    evict(best, index);
    assign(index, best);
    return true;
}

// The register whose interval suffers least; -1 if none can be had or, unless one must be had, none
// suffers less than `ownScore`.
int LinearScan::pickVictim(int index, bool mustHave, float ownScore) const {
    const Interval& it = intervals_[index];
    int cls = classOf(index);
    int clobber = firstClobber(it);
    const Use* first = useFrom(it, it.start, true);
    std::array<float, kNumRegisters> scores;
    scores.fill(-1);
    forEachBit(allocatable_[cls], [&](int reg) {
        int other = active_[cls][reg];
        if ((other >= 0 && !mayEvict(intervals_[other], it.start)) ||
            (!mustHave && isCallerSaved(cls, reg) && clobber <= first->pos))
            return;
        scores[reg] = other >= 0 ? score(intervals_[other], it.start) : 0;
    });
    for (auto [from, other] : std::views::reverse(inactive_[cls])) {
        if (from >= it.end)
            break;
        float& s = scores[intervals_[other].reg];
        float theirs = score(intervals_[other], it.start);
        if (s >= 0 && theirs > s && intersection(it, intervals_[other]) != kNever)
            s = theirs;
    }
    int best = -1;
    forEachBit(allocatable_[cls], [&](int reg) {
        if (scores[reg] < 0 || (!mustHave && scores[reg] >= ownScore))
            return;
        // A call that would end the use of the register soon counts against it.
        bool better = best < 0 || scores[reg] < scores[best] ||
                      (scores[reg] == scores[best] && isCallerSaved(cls, best) &&
                       !isCallerSaved(cls, reg) && clobber < it.end);
        if (better)
            best = reg;
    });
    return best;
}

void LinearScan::process(int index) {
    Interval& it = intervals_[index]; // not used after a split
    int start = it.start;
    if ((start & 3) != 0 && !startsAtDef(it)) {
        spillUntilUse(index, start);
        return;
    }
    const Use* noUse = live_.uses(it.v).data() + it.usesEnd;
    const Use* first = useFrom(it, start, true);
    bool mustHave = first != noUse && first->pos < nextGap(start);
    PerRegister until = freeUntil(index);
    int reg = pickFree(index, until);
    int limit = reg >= 0 ? until[reg] : 0;
    if (reg >= 0 && limit >= it.end) {
        assign(index, reg);
        return;
    }
    if (first != noUse && tryEvictCheaper(index, weightOfUses(it, limit, it.end)))
        return;
    if (reg >= 0 && first != noUse && first->pos < limit) {
        assign(index, reg);
        splitBefore(index, limit);
        return;
    }
    reg = first == noUse ? -1 : pickVictim(index, mustHave, score(it, start));
    if (reg < 0) {
        if (mustHave) {
            std::fprintf(stderr, "pyston: an instruction needs more registers than there are\n");
            std::abort();
        }
        spillUntilUse(index, start);
        return;
    }
    int clobber = isCallerSaved(classOf(index), reg) ? firstClobber(it) : kNever;
    evict(reg, index);
    assign(index, reg);
    splitBefore(index, clobber);
}

Pieces LinearScan::pieces() const {
    Pieces result;
    std::vector<Piece>& all = result.all_;
    all.reserve(intervals_.size());
    result.begin_.reserve(live_.numRegs() + 1);
    for (VReg v = 0; v < live_.numRegs(); ++v) {
        const size_t first = all.size();
        result.begin_.push_back(first);
        if (live_.ranges(v).empty())
            continue;
        for (int i = v; i >= 0; i = intervals_[i].next) {
            const Interval& it = intervals_[i];
            if (all.size() > first && all.back().reg == it.reg && all.back().end == it.start)
                all.back().end = it.end;
            else
                all.push_back({it.start, it.end, it.reg});
        }
    }
    result.begin_.push_back(all.size());
    return result;
}

} // namespace pyston::regalloc
