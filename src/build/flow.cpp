// Forward dataflow over the interpreter's control flow, exception edges included (a frame may be
// entered in a handler's loop). The meet is intersection of bound slots; states only shrink, so the
// worklist ends.
#include "build/flow.h"

#include <algorithm>

namespace pyston::build {
namespace {

constexpr int kVarArgs = 0x04, kVarKeywords = 0x08; // CO_VARARGS, CO_VARKEYWORDS

struct State {
    BitSet bound;
    std::vector<uint8_t> mayBeNull;
};

class Analysis {
  public:
    Analysis(const Bytecode& code, Flow& flow) : code_(code), flow_(flow) {}

    std::string run(std::span<const int> entries) {
        if (code_.instrs.empty())
            return "no instructions";
        findParameters();
        if (!findBlocks(entries))
            return failure_;
        State start{BitSet(code_.numSlots), {}};
        for (int s = 0; s < code_.numSlots; ++s)
            if (flow_.isParameter[static_cast<size_t>(s)])
                start.bound.add(s);
        meet(0, start);
        while (!work_.empty() && failure_.empty()) {
            int block = work_.back();
            work_.pop_back();
            queued_[static_cast<size_t>(block)] = false;
            walk(block);
        }
        return failure_;
    }

  private:
    const Instr& instr(int i) const { return code_.instrs[static_cast<size_t>(i)]; }
    BytecodeBlock& block(int b) { return flow_.blocks[static_cast<size_t>(b)]; }
    int blockAt(int offset) const {
        int i = code_.indexOf(offset);
        return i < 0 ? -1 : flow_.blockOf[static_cast<size_t>(i)];
    }
    void fail(const Instr& in, const char* what) {
        if (failure_.empty())
            failure_ = std::string(what) + " at " + std::to_string(in.offset) + " (" +
                       std::string(name(in.op)) + ")";
    }

    void findParameters() {
        int count = code_.argCount + std::max(code_.kwOnlyCount, 0) +
                    ((code_.flags & kVarArgs) ? 1 : 0) + ((code_.flags & kVarKeywords) ? 1 : 0);
        flow_.isParameter.assign(static_cast<size_t>(code_.numSlots), 0);
        for (int s = 0; s < std::min(count, code_.numSlots); ++s)
            flow_.isParameter[static_cast<size_t>(s)] = 1;
    }

    bool markLeader(std::vector<uint8_t>& leader, int offset, const char* what) {
        int i = code_.indexOf(offset);
        if (i < 0) {
            failure_ = std::string(what) + " at unknown offset " + std::to_string(offset);
            return false;
        }
        leader[static_cast<size_t>(i)] = 1;
        return true;
    }

    bool findBlocks(std::span<const int> entries) {
        const size_t n = code_.instrs.size();
        std::vector<uint8_t> leader(n, 0);
        leader[0] = 1;
        for (size_t i = 0; i < n; ++i) {
            const Instr& in = code_.instrs[i];
            if (mayJump(in.op) && !markLeader(leader, in.target, "jump target"))
                return false;
            if (endsBlock(in.op) && i + 1 < n)
                leader[i + 1] = 1;
        }
        for (int offset : entries)
            if (!markLeader(leader, offset, "entry"))
                return false;
        for (const Handler& handler : code_.handlers)
            if (!markLeader(leader, handler.target, "handler"))
                return false;
        flow_.blockOf.resize(n);
        for (size_t i = 0; i < n; ++i) {
            if (leader[i]) {
                flow_.blocks.emplace_back();
                flow_.blocks.back().first = static_cast<int>(i);
            }
            flow_.blocks.back().last = static_cast<int>(i);
            flow_.blockOf[i] = static_cast<int>(flow_.blocks.size()) - 1;
        }
        queued_.assign(flow_.blocks.size(), false);
        findHandlers();
        for (size_t b = 0; b < flow_.blocks.size(); ++b)
            link(static_cast<int>(b));
        return failure_.empty();
    }

    void link(int b) {
        BytecodeBlock& blk = block(b);
        const Instr& last = instr(blk.last);
        if (fallsThrough(last.op)) {
            if (static_cast<size_t>(b) + 1 < flow_.blocks.size())
                blk.fallthrough = b + 1;
            else
                fail(last, "control runs off the end");
        }
        if (mayJump(last.op))
            blk.target = blockAt(last.target);
        const int handler = handlerOf_[static_cast<size_t>(blk.last)];
        if (last.op == Op::kSend && handler >= 0)
            blk.ended = behindAsyncFor(code_.handlers[static_cast<size_t>(handler)].target);
        for (int i = blk.first; i <= blk.last; ++i)
            collectAssigned(instr(i), blk.assigns);
    }

    int behindAsyncFor(int handlerOffset) const {
        const int i = code_.indexOf(handlerOffset);
        return i >= 0 && instr(i).op == Op::kEndAsyncFor ? blockAt(instr(i).nextOffset) : -1;
    }

    void collectAssigned(const Instr& in, std::vector<int>& assigns) const {
        switch (in.op) {
        case Op::kStoreFast:
        case Op::kDeleteFast:
        case Op::kMakeCell:
            assigns.push_back(in.arg);
            break;
        case Op::kCopyFreeVars:
            for (int s = code_.numSlots - in.arg; s < code_.numSlots; ++s)
                assigns.push_back(s);
            break;
        default:
            break;
        }
    }

    // The handler of each instruction: table entries do not overlap.
    void findHandlers() {
        handlerOf_.assign(code_.instrs.size(), -1);
        for (size_t h = 0; h < code_.handlers.size(); ++h) {
            const Handler& handler = code_.handlers[h];
            auto it =
                std::lower_bound(code_.instrs.begin(), code_.instrs.end(), handler.start,
                                 [](const Instr& in, int offset) { return in.offset < offset; });
            for (; it != code_.instrs.end() && it->offset < handler.end; ++it) {
                int& slot = handlerOf_[static_cast<size_t>(it - code_.instrs.begin())];
                if (slot < 0)
                    slot = static_cast<int>(h);
            }
        }
    }

    void meet(int b, const State& state) {
        BytecodeBlock& blk = block(b);
        bool changed = !blk.reached;
        if (!blk.reached) {
            blk.reached = true;
            blk.bound = state.bound;
            blk.mayBeNull = state.mayBeNull;
        } else {
            if (blk.mayBeNull.size() != state.mayBeNull.size())
                return fail(instr(blk.first), "stack depth differs between paths");
            changed = blk.bound.intersect(state.bound);
            for (size_t i = 0; i < state.mayBeNull.size(); ++i)
                if (state.mayBeNull[i] && !blk.mayBeNull[i]) {
                    blk.mayBeNull[i] = 1;
                    changed = true;
                }
        }
        if (changed && !queued_[static_cast<size_t>(b)]) {
            queued_[static_cast<size_t>(b)] = true;
            work_.push_back(b);
        }
    }

    void meetHandler(int h, const State& state) {
        const Handler& handler = code_.handlers[static_cast<size_t>(h)];
        State at{state.bound, state.mayBeNull};
        if (handler.depth > static_cast<int>(at.mayBeNull.size())) {
            failure_ = "handler at " + std::to_string(handler.target) + " is deeper than the stack";
            return;
        }
        at.mayBeNull.resize(static_cast<size_t>(handler.depth));
        at.mayBeNull.insert(at.mayBeNull.end(), handler.pushLasti ? 2 : 1, 0);
        meet(blockAt(handler.target), at);
    }

    void walk(int b) {
        State state{block(b).bound, block(b).mayBeNull};
        block(b).minDepth = block(b).depth();
        bool newFacts = true; // since the handler was last told
        int handler = -1;
        for (int i = block(b).first; i <= block(b).last && failure_.empty(); ++i) {
            int h = handlerOf_[static_cast<size_t>(i)];
            if (h >= 0 && (newFacts || h != handler))
                meetHandler(h, state);
            handler = h;
            newFacts = instr(i).op == Op::kDeleteFast;
            step(b, i, state);
        }
    }

    void step(int b, int i, State& state) {
        const Instr& in = instr(i);
        const auto depth = static_cast<int>(state.mayBeNull.size());
        StackEffect effect = stackEffect(in, false);
        if (!hasValidOperand(in) || effect.needs > depth ||
            (mayJump(in.op) && stackEffect(in, true).needs > depth))
            return fail(in, "stack underflow or operand out of range");
        block(b).minDepth = std::min(block(b).minDepth, depth - effect.pops);
        if (mayJump(in.op)) {
            State taken = state;
            StackEffect jump = stackEffect(in, true);
            if (jump.pushes > 0) // what is only popped, the target's own depth tells
                block(b).minDepth = std::min(block(b).minDepth, depth - jump.pops);
            apply(jump, taken);
            meet(block(b).target, taken);
        }
        transfer(in, effect, state);
        bool goesOn =
            fallsThrough(in.op) || in.op == Op::kYieldValue || in.op == Op::kReturnGenerator;
        if (goesOn && i == block(b).last) {
            if (static_cast<size_t>(b) + 1 < flow_.blocks.size())
                meet(b + 1, state);
            else
                fail(in, "control runs off the end");
        }
    }

    bool hasValidOperand(const Instr& in) const {
        const auto arg = static_cast<size_t>(in.arg);
        switch (in.op) {
        case Op::kLoadFast:
        case Op::kStoreFast:
        case Op::kDeleteFast:
        case Op::kLoadClosure:
        case Op::kLoadDeref:
        case Op::kStoreDeref:
        case Op::kDeleteDeref:
        case Op::kLoadClassDeref:
        case Op::kMakeCell:
            return in.arg >= 0 && in.arg < code_.numSlots;
        case Op::kCopyFreeVars:
            return in.arg >= 0 && in.arg <= code_.numSlots;
        case Op::kLoadConst:
            return arg < code_.consts.size();
        case Op::kLoadName:
        case Op::kStoreName:
        case Op::kDeleteName:
        case Op::kLoadGlobal:
        case Op::kLoadGlobalNull:
        case Op::kStoreGlobal:
        case Op::kDeleteGlobal:
        case Op::kLoadAttr:
        case Op::kStoreAttr:
        case Op::kDeleteAttr:
        case Op::kLoadMethod:
        case Op::kImportName:
        case Op::kImportFrom:
            return arg < code_.names.size();
        case Op::kCopy:
        case Op::kSwap:
            return in.arg > 0;
        case Op::kBuildSlice:
            return in.arg == 2 || in.arg == 3;
        case Op::kRaiseVarargs:
            return in.arg >= 0 && in.arg <= 2;
        case Op::kBinaryOp:
            return in.arg >= 0 && in.arg < 26;
        case Op::kCompareOp:
            return in.arg >= 0 && in.arg < 6;
        default:
            return in.arg >= 0;
        }
    }

    static void apply(StackEffect effect, State& state) {
        state.mayBeNull.resize(state.mayBeNull.size() - static_cast<size_t>(effect.pops));
        state.mayBeNull.insert(state.mayBeNull.end(), static_cast<size_t>(effect.pushes), 0);
    }

    void transfer(const Instr& in, StackEffect effect, State& state) const {
        std::vector<uint8_t>& stack = state.mayBeNull;
        switch (in.op) {
        case Op::kPushNull:
            stack.push_back(1);
            return;
        case Op::kLoadGlobalNull:
            stack.insert(stack.end(), {1, 0});
            return;
        case Op::kLoadMethod:
            stack.back() = 1;
            stack.push_back(0);
            return;
        case Op::kCopy:
            stack.push_back(stack[stack.size() - static_cast<size_t>(in.arg)]);
            return;
        case Op::kSwap:
            std::swap(stack.back(), stack[stack.size() - static_cast<size_t>(in.arg)]);
            return;
        case Op::kDeleteFast:
            state.bound.remove(in.arg);
            return;
        case Op::kStoreFast:
        case Op::kMakeCell:
            state.bound.add(in.arg);
            break;
        case Op::kCopyFreeVars:
            for (int s = code_.numSlots - in.arg; s < code_.numSlots; ++s)
                state.bound.add(s);
            return;
        default:
            break;
        }
        apply(effect, state);
    }

    const Bytecode& code_;
    Flow& flow_;
    std::string failure_;
    std::vector<int> handlerOf_;
    std::vector<int> work_;
    std::vector<uint8_t> queued_;
};

} // namespace

void BitSet::addAll(const BitSet& other) {
    for (size_t w = 0; w < words_.size(); ++w)
        words_[w] |= other.words_[w];
}

bool BitSet::intersect(const BitSet& other) {
    bool changed = false;
    for (size_t w = 0; w < words_.size(); ++w) {
        changed |= (words_[w] & ~other.words_[w]) != 0;
        words_[w] &= other.words_[w];
    }
    return changed;
}

void BitSet::fill() {
    std::fill(words_.begin(), words_.end(), ~uint64_t{0});
}

std::unique_ptr<Flow> analyzeFlow(const Bytecode& code, std::span<const int> entries,
                                  std::string* failure) {
    auto flow = std::make_unique<Flow>();
    *failure = Analysis(code, *flow).run(entries);
    return failure->empty() ? std::move(flow) : nullptr;
}

} // namespace pyston::build
