// Liveness by path exploration: from each use upwards to the definition. The work is proportional
// to the size of the result, and any block order (and any control-flow graph) is right. Boissinot
// et al., "Computing Liveness Sets for SSA-Form Programs" (2011).
#include "regalloc/intervals.h"

#include <algorithm>
#include <cmath>

namespace pyston::regalloc {

using lir::Instr;
using lir::VReg;

namespace {

float weightOf(const lir::Block& block) {
    float weight = std::pow(8.0f, static_cast<float>(std::clamp(block.loopDepth, 0, 6)));
    return block.cold ? weight / 256 : weight;
}

// Groups by register, stably. `begin` receives the first index of each register, and the end.
template<class T> void groupByReg(std::vector<T>& items, int numRegs, std::vector<int>& begin) {
    begin.assign(numRegs + 1, 0);
    for (const T& item : items)
        ++begin[item.v + 1];
    for (int v = 0; v < numRegs; ++v)
        begin[v + 1] += begin[v];
    std::vector<int> next(begin.begin(), begin.end() - 1);
    std::vector<T> sorted(items.size());
    for (const T& item : items)
        sorted[next[item.v]++] = item;
    items = std::move(sorted);
}

} // namespace

OperandUse operandUse(const Instr& instr, size_t index) {
    const lir::OpcodeInfo& row = instr.info();
    const bool isCall =
        (row.flags & lir::kCall) != 0; // arguments are read before the call gives a result
    return {.needsRegister =
                index<row.numFixed, .late = index> 0 && instr.result != lir::kNoReg && !isCall};
}

// Marks by block of the register at hand; a mark is the register's number, so that none is ever
// cleared.
struct Liveness::Walk {
    explicit Walk(size_t numBlocks)
        : in(numBlocks, -1), out(numBlocks, -1), seen(numBlocks, -1), end(numBlocks) {}
    std::vector<VReg> in, out, seen;
    std::vector<int> end; // of the last use in the block
    std::vector<int> touched, work;
};

Liveness::Liveness(const lir::Function& fn) : fn_(fn) {
    numberBlocks();
    findPinned();
    collectUses();
    sortUses();
    buildRanges();
}

void Liveness::numberBlocks() {
    int maxId = 0;
    for (const auto& block : fn_.blocks)
        maxId = std::max(maxId, block->id);
    std::vector<int> indexOf(maxId + 1, -1);
    int instr = 0;
    for (const auto& block : fn_.blocks) {
        int index = static_cast<int>(blocks_.size());
        indexOf[block->id] = index;
        int count = static_cast<int>(block->instrs.size());
        blocks_.push_back({block.get(),
                           instr * kPerInstr,
                           (instr + count) * kPerInstr,
                           weightOf(*block),
                           -1,
                           {}});
        blockOfInstr_.insert(blockOfInstr_.end(), count, index);
        instr += count;
    }
    for (int b = 0; b < static_cast<int>(blocks_.size()); ++b) {
        for (const lir::Block* target : blocks_[b].block->instrs.back().targets) {
            if (!target)
                continue;
            int t = indexOf[target->id];
            blocks_[t].preds.push_back(b);
            if (t <= b && (blocks_[b].loopHeader < 0 || t < blocks_[b].loopHeader))
                blocks_[b].loopHeader = t;
        }
    }
}

void Liveness::findPinned() {
    pinned_.assign(numRegs(), Pinned::kNo);
    for (const BlockInfo& info : blocks_) {
        for (const Instr& instr : info.block->instrs) {
            if (instr.op == lir::Opcode::kLoadTstate)
                pinned_[instr.result] = Pinned::kThreadState;
            else if (instr.op == lir::Opcode::kLoadFrame)
                pinned_[instr.result] = Pinned::kFrame;
        }
    }
    for (const lir::ExitPoint& exit : fn_.exits)
        forEachExitReg(exit, [&](VReg v) { pinned_[v] = Pinned::kNo; });
}

void Liveness::need(VReg v, int block, int end) {
    if (pinned_[v] != Pinned::kNo)
        return;
    int& last = lastBlockUse_[v];
    if (last >= 0 && blockUses_[last].block == block) {
        blockUses_[last].end = std::max(blockUses_[last].end, end);
        return;
    }
    last = static_cast<int>(blockUses_.size());
    blockUses_.push_back({v, block, end});
}

void Liveness::collectUses() {
    defPos_.assign(numRegs(), -1);
    defBlock_.assign(numRegs(), -1);
    lastBlockUse_.assign(numRegs(), -1);
    for (int b = 0; b < static_cast<int>(blocks_.size()); ++b) {
        const BlockInfo& info = blocks_[b];
        for (VReg v : info.block->params) {
            defPos_[v] = info.from;
            defBlock_[v] = b;
        }
        int pos = info.from;
        for (const Instr& instr : info.block->instrs) {
            collectUses(b, instr, pos);
            pos += kPerInstr;
        }
    }
}

void Liveness::collectUses(int block, const Instr& instr, int pos) {
    float weight = blocks_[block].weight;
    for (int late = 0; late < 2; ++late) { // in the order of positions
        for (size_t k = 0; k < instr.operands.size(); ++k) {
            if (instr.operands[k].isImm)
                continue;
            VReg v = instr.operands[k].reg;
            if (pinned_[v] != Pinned::kNo)
                continue;
            OperandUse use = operandUse(instr, k);
            if (!late)
                need(v, block, pos + (use.late ? kPerInstr : kClobber));
            if (use.needsRegister && (!late || use.late))
                regUses_.push_back({v, {pos + (late ? kWrite : kRead), late ? 0 : weight, true}});
        }
    }
    if (instr.exit >= 0)
        forEachExitReg(fn_.exits[instr.exit], [&](VReg v) { need(v, block, pos + kPerInstr); });
    for (const auto& args : instr.args) {
        for (VReg v : args)
            need(v, block, pos + kPerInstr);
    }
    if (instr.has(lir::kCall))
        clobbers_.push_back(pos + kClobber);
    if (instr.has(lir::kColdCall))
        coldCalls_.push_back(pos + kWrite);
    if (instr.result != lir::kNoReg && pinned_[instr.result] == Pinned::kNo) {
        defPos_[instr.result] = pos + kWrite;
        defBlock_[instr.result] = block;
        regUses_.push_back({instr.result, {pos + kWrite, weight, true}});
    }
}

void Liveness::sortUses() {
    groupByReg(blockUses_, numRegs(), blockUsesBegin_);
    groupByReg(regUses_, numRegs(), regUsesBegin_);
}

void Liveness::buildRanges() {
    Walk walk(blocks_.size());
    for (VReg v = 0; v < numRegs(); ++v) {
        rangesBegin_.push_back(static_cast<int>(ranges_.size()));
        usesBegin_.push_back(static_cast<int>(uses_.size()));
        liveInBegin_.push_back(static_cast<int>(liveIn_.size()));
        if (defPos_[v] < 0)
            continue;
        buildRanges(v, walk);
        addUses(v, walk);
    }
    rangesBegin_.push_back(static_cast<int>(ranges_.size()));
    usesBegin_.push_back(static_cast<int>(uses_.size()));
    liveInBegin_.push_back(static_cast<int>(liveIn_.size()));
}

void Liveness::buildRanges(VReg v, Walk& walk) {
    int def = defBlock_[v];
    auto touch = [&](int b) {
        if (walk.seen[b] != v) {
            walk.seen[b] = v;
            walk.end[b] = -1;
            walk.touched.push_back(b);
        }
    };
    auto liveInto = [&](int b) {
        if (b != def && walk.in[b] != v) {
            walk.in[b] = v;
            walk.work.push_back(b);
        }
    };
    walk.touched.clear();
    touch(def);
    for (int i = blockUsesBegin_[v]; i < blockUsesBegin_[v + 1]; ++i) {
        touch(blockUses_[i].block);
        walk.end[blockUses_[i].block] = blockUses_[i].end;
        liveInto(blockUses_[i].block);
    }
    while (!walk.work.empty()) {
        int b = walk.work.back();
        walk.work.pop_back();
        for (int pred : blocks_[b].preds) {
            touch(pred);
            walk.out[pred] = v;
            liveInto(pred);
        }
    }
    std::sort(walk.touched.begin(), walk.touched.end());
    size_t first = ranges_.size();
    for (int b : walk.touched) {
        int from = walk.in[b] == v ? blocks_[b].from : defPos_[v];
        int to = walk.out[b] == v ? blocks_[b].to : std::max(walk.end[b], from + 1);
        if (walk.in[b] == v)
            liveIn_.push_back(b);
        if (ranges_.size() > first && ranges_.back().to == from)
            ranges_.back().to = to;
        else
            ranges_.push_back({from, to});
    }
}

// Copies the uses, and adds one at each back edge over which the value is carried to uses in the
// loop: in the linear order they seem to lie behind.
void Liveness::addUses(VReg v, const Walk& walk) {
    size_t first = uses_.size();
    for (int i = regUsesBegin_[v]; i < regUsesBegin_[v + 1]; ++i)
        uses_.push_back(regUses_[i].use);
    auto before = [](const Use& use, int pos) { return use.pos < pos; };
    size_t hardEnd = uses_.size();
    for (int b : walk.touched) {
        int header = blocks_[b].loopHeader;
        if (header < 0 || walk.out[b] != v || walk.in[header] != v)
            continue;
        auto begin = uses_.begin() + static_cast<std::ptrdiff_t>(first);
        auto end = uses_.begin() + static_cast<std::ptrdiff_t>(hardEnd);
        auto use = std::lower_bound(begin, end, blocks_[header].from, before);
        if (use != end && use->pos < blocks_[b].to)
            uses_.push_back({blocks_[b].to - 1, blocks_[b].weight, false});
    }
    if (uses_.size() > hardEnd)
        std::inplace_merge(uses_.begin() + static_cast<std::ptrdiff_t>(first),
                           uses_.begin() + static_cast<std::ptrdiff_t>(hardEnd), uses_.end(),
                           [](const Use& a, const Use& b) { return a.pos < b.pos; });
}

} // namespace pyston::regalloc
