// Places Incref and Decref, and settles for every exit which references move to the frame.
//
// The idea of inserting counts late, from liveness over SSA values with borrowed and owned results,
// is CinderX's (RefcountInsertion); the rules here are those of docs/pipeline.md. In short: every
// counted value that is not borrowed is held by exactly one reference from its definition to its
// last use; guards' results are the same value as their operand ("root"); a mention in a frame
// state is a use. Deaths follow liveness: after the last using instruction, or at the start of a
// block on whose edge the value stops being live.
//
// A value read from memory (Loaded) gets a reference only if something between the load and its
// last use could release it: an operation with effects, or the death of another value.
//
// Requires: Drop at each point where CPython releases a local. Provides: all counts explicit, Drop
// is gone, exitReferences() on every instruction that can leave. Breaks: nothing may move or remove
// counted uses afterwards.
#include "passes/cfg.h"
#include "passes/passes.h"
#include "runtime/helpers.h"

#include <algorithm>
#include <bit>
#include <unordered_map>
#include <utility>

namespace pyston::passes {

using namespace hir;

namespace {

// A set of owned values, by their dense index.
class ValueSet {
  public:
    explicit ValueSet(size_t size = 0) : words_((size + 63) / 64) {}
    bool contains(int i) const { return words_[word(i)] >> (i & 63) & 1; }
    // Returns true when `i` was not in the set.
    bool add(int i) {
        uint64_t bit = uint64_t{1} << (i & 63);
        bool added = !(words_[word(i)] & bit);
        words_[word(i)] |= bit;
        return added;
    }
    void remove(int i) { words_[word(i)] &= ~(uint64_t{1} << (i & 63)); }
    bool addAll(const ValueSet& other) {
        bool changed = false;
        for (size_t w = 0; w < words_.size(); ++w) {
            changed |= (other.words_[w] & ~words_[w]) != 0;
            words_[w] |= other.words_[w];
        }
        return changed;
    }
    void clear() { std::ranges::fill(words_, 0); }
    void removeAll(const ValueSet& other) {
        for (size_t w = 0; w < words_.size(); ++w)
            words_[w] &= ~other.words_[w];
    }
    size_t size() const {
        size_t size = 0;
        for (const uint64_t word : words_)
            size += static_cast<size_t>(std::popcount(word));
        return size;
    }
    template<typename F> void forEach(F&& f) const {
        for (size_t w = 0; w < words_.size(); ++w)
            for (uint64_t bits = words_[w]; bits; bits &= bits - 1)
                f(static_cast<int>(w * 64) + std::countr_zero(bits));
    }

  private:
    static size_t word(int i) { return static_cast<size_t>(i) / 64; }
    std::vector<uint64_t> words_;
};

template<typename F> void forEachFrameValue(const FrameState* state, F&& f) {
    for (const FrameState* fs = state; fs; fs = fs->parent) {
        for (Instr* value : fs->slots)
            if (value)
                f(value);
        for (Instr* value : fs->stack)
            if (value)
                f(value);
    }
}

bool leaves(const Instr* instr) {
    return instr->has(kExit) || instr->has(kRaise) || instr->has(kAllocate);
}

class ReferenceCounts {
  public:
    explicit ReferenceCounts(Function& fn) : fn_(fn) {}

    void run() {
        splitCriticalEdges(fn_);
        collectOwned();
        computeLiveness();
        borrowLoads();
        held_ = given_ = ValueSet(owned_.size());
        for (Block* block : fn_.blocks())
            rewrite(block);
    }

  private:
    // Dense index of the owned value behind `value`, or -1 when nothing is owned.
    int indexOf(Instr* value) const {
        if (!value || !value->type().isCounted())
            return -1;
        const int known = rootIndex_[static_cast<size_t>(value->id())];
        return known != kNotPresent ? known : index_[static_cast<size_t>(rootOf(value)->id())];
    }
    bool isOwned(int i) const { return i >= 0 && !borrowed_[static_cast<size_t>(i)]; }
    Instr* valueAt(int i) const { return owned_[static_cast<size_t>(i)]; }

    static bool startsOwnership(const Instr* value) {
        if (!value->type().isCounted())
            return false;
        switch (value->ownership()) {
        case Ownership::kNew:
        case Ownership::kLoaded:
            return true;
        case Ownership::kBorrowed:
            return isBorrowedFromOperand(value);
        default:
            return false;
        }
    }
    // Alive only as long as operand 0 (an item of a tuple).
    static bool isBorrowedFromOperand(const Instr* value) {
        return value->ownership() == Ownership::kBorrowed && value->numOperands() > 0 &&
               value->operand(0)->type().isCounted();
    }
    static bool needsReference(const Instr* value) {
        return value->ownership() == Ownership::kLoaded || isBorrowedFromOperand(value);
    }

    void collectOwned() {
        index_.assign(static_cast<size_t>(fn_.numInstrIds()), -1);
        present_.assign(static_cast<size_t>(fn_.numInstrIds()), false);
        for (Block* block : fn_.blocks())
            for (Instr* instr : block->instrs()) {
                present_[static_cast<size_t>(instr->id())] = true;
                if (startsOwnership(instr)) {
                    index_[static_cast<size_t>(instr->id())] = static_cast<int>(owned_.size());
                    owned_.push_back(instr);
                }
            }
        rootIndex_.assign(static_cast<size_t>(fn_.numInstrIds()), kNotPresent);
        for (const Block* block : fn_.blocks())
            for (Instr* instr : block->instrs())
                rootIndex_[static_cast<size_t>(instr->id())] =
                    index_[static_cast<size_t>(rootOf(instr)->id())];
        borrowed_.assign(owned_.size(), false);
    }

    template<typename F> void forEachUse(const Instr* instr, F&& f) const {
        if (!instr->isPhi())
            for (Instr* operand : instr->operands())
                if (int i = indexOf(operand); i >= 0)
                    f(i);
        if (instr->hasFrameState())
            forEachFrameValue(instr->frameState(), [&](Instr* value) {
                if (int i = indexOf(value); i >= 0)
                    f(i);
            });
    }

    ValueSet& liveIn(const Block* b) { return liveIn_[static_cast<size_t>(b->id())]; }
    ValueSet& liveOut(const Block* b) { return liveOut_[static_cast<size_t>(b->id())]; }

    void computeLiveness() {
        const auto numBlocks = static_cast<size_t>(fn_.numBlockIds());
        std::vector<ValueSet> use(numBlocks, ValueSet(owned_.size()));
        std::vector<ValueSet> def(numBlocks, ValueSet(owned_.size()));
        liveIn_.assign(numBlocks, ValueSet(owned_.size()));
        liveOut_.assign(numBlocks, ValueSet(owned_.size()));
        for (Block* block : fn_.blocks()) {
            auto id = static_cast<size_t>(block->id());
            for (Instr* instr : block->instrs()) {
                forEachUse(instr, [&](int i) {
                    if (!def[id].contains(i))
                        use[id].add(i);
                });
                if (int i = index_[static_cast<size_t>(instr->id())]; i >= 0)
                    def[id].add(i);
            }
        }
        for (bool changed = true; changed;) {
            changed = false;
            for (auto it = fn_.blocks().rbegin(); it != fn_.blocks().rend(); ++it)
                changed |= flow(*it, use, def);
        }
    }

    bool flow(Block* block, const std::vector<ValueSet>& use, const std::vector<ValueSet>& def) {
        ValueSet& out = liveOut(block);
        bool changed = false;
        for (Block* succ : block->succs()) {
            changed |= out.addAll(liveIn(succ));
            size_t edge = succ->predIndex(block);
            for (Instr* phi : succ->instrs()) {
                if (!phi->isPhi())
                    break;
                if (int i = indexOf(phi->operand(edge)); i >= 0)
                    changed |= out.add(i);
            }
        }
        // What a branch looks at dies in its successors.
        if (Instr* last = block->terminator(); last->targets().size() > 1)
            for (Instr* operand : last->operands())
                if (int i = indexOf(operand); i >= 0)
                    changed |= out.add(i);
        auto id = static_cast<size_t>(block->id());
        ValueSet in = use[id];
        out.forEach([&](int i) {
            if (!def[id].contains(i))
                in.add(i);
        });
        return liveIn(block).addAll(in) || changed;
    }

    // --- loads that need no reference

    void borrowLoads() {
        for (Block* block : fn_.blocks()) {
            const auto& instrs = block->instrs();
            std::vector<int> lastUse(owned_.size(), -1);
            for (size_t n = 0; n < instrs.size(); ++n)
                forEachUse(instrs[n],
                           [&](int i) { lastUse[static_cast<size_t>(i)] = static_cast<int>(n); });
            deaths_.assign(instrs.size(), {});
            for (size_t i = 0; i < owned_.size(); ++i)
                if (lastUse[i] >= 0 && !liveOut(block).contains(static_cast<int>(i)))
                    deaths_[static_cast<size_t>(lastUse[i])].push_back(static_cast<int>(i));
            for (size_t n = 0; n < instrs.size(); ++n) {
                int i = index_[static_cast<size_t>(instrs[n]->id())];
                if (i < 0 || !needsReference(instrs[n]) || liveOut(block).contains(i))
                    continue;
                int last = lastUse[static_cast<size_t>(i)];
                if (survivesUntil(instrs, n, last, i))
                    borrowed_[static_cast<size_t>(i)] = true;
            }
        }
    }

    // A function that is called, and nothing else of the call: its frame holds it. (If it dies
    // meanwhile and the call fails, the exit finds its memory.)
    bool isCallee(const Instr* instr, int loaded) const {
        if (instr->opcode() != Opcode::kCallDirect || indexOf(instr->operand(0)) != loaded ||
            valueAt(loaded)->opcode() != Opcode::kConstWeak)
            return false;
        return std::ranges::none_of(instr->operands().subspan(1),
                                    [&](Instr* argument) { return indexOf(argument) == loaded; });
    }

    // Nothing from the load at `from` to the instruction at `last` can release the loaded object.
    bool survivesUntil(const std::vector<Instr*>& instrs, size_t from, int last, int loaded) const {
        for (size_t n = from; static_cast<int>(n) <= last; ++n) {
            const Instr* instr = instrs[n];
            if (static_cast<int>(n) == last && isCallee(instr, loaded))
                return true;
            if (n > from && (instr->has(kRunPython) || instr->has(kWriteHeap)))
                return false;
            if (instr->opcode() == Opcode::kYield || instr->opcode() == Opcode::kReturn)
                return false;
            for (size_t o = 0; n > from && o < instr->numOperands(); ++o)
                if (instr->steals(o) && indexOf(instr->operand(o)) == loaded)
                    return false;
            if (static_cast<int>(n) == last)
                break;
            for (int dying : deaths_[n])
                if (isOwned(dying) && !valueAt(dying)->type().diesQuietly())
                    return false;
        }
        return last >= 0;
    }

    // --- rewriting

    // The state to show if releasing something here runs code that looks at the frame: that of the
    // instruction, else the last one before, else the start of the block.
    FrameState* stateBefore(Block* block) const {
        for (Block* b = block;;) {
            if (b->startState())
                return b->startState();
            if (b->preds().size() != 1)
                return nullptr;
            b = b->preds()[0];
            if (FrameState* last = lastState_.count(b) ? lastState_.at(b) : nullptr)
                return last;
        }
    }

    // `alive`: what somebody who looks at the frame meanwhile may see.
    void emitDecref(std::vector<Instr*>& out, int i, FrameState* state, const ValueSet& alive) {
        Instr* value = quietForm(i);
        Instr* decref = fn_.newInstr(Opcode::kDecref, {value});
        // No code runs, so there is nothing to show; and the state might name what is gone.
        decref->setFrameState(value->type().diesQuietly() ? nullptr : stateOf(state, alive));
        out.push_back(decref);
    }
    // The value, or a guarded form of it that is known to die without running code.
    Instr* quietForm(int i) const {
        Instr* refined = refined_[static_cast<size_t>(i)];
        return refined && refined->type().diesQuietly() ? refined : valueAt(i);
    }
    // `state` without values that are gone (their slots show as unbound): it is that of the
    // operation that used them last, or of one further back. Nothing looks at the stack: there
    // only values that no block holds any more (a start state keeps nothing) are in the way.
    FrameState* stateOf(FrameState* state, const ValueSet& alive) {
        auto isAbsent = [&](Instr* value) {
            return value && !present_[static_cast<size_t>(value->id())];
        };
        auto isGone = [&](Instr* value) {
            int i = indexOf(value);
            return isAbsent(value) || (i >= 0 && !alive.contains(i));
        };
        bool complete = true;
        for (const FrameState* fs = state; fs; fs = fs->parent)
            complete &= std::ranges::none_of(fs->slots, isGone) &&
                        std::ranges::none_of(fs->stack, isAbsent);
        if (complete)
            return state;
        FrameState* copy = fn_.copyWithParents(*state);
        for (FrameState* fs = copy; fs; fs = fs->parent) {
            std::ranges::replace_if(fs->slots, isGone, nullptr);
            std::ranges::replace_if(fs->stack, isGone, nullptr);
        }
        return copy;
    }
    void emitIncref(std::vector<Instr*>& out, Instr* value) {
        if (value->opcode() != Opcode::kConstNull)
            out.push_back(fn_.newInstr(Opcode::kIncref, {value}));
    }

    void rewrite(Block* block) {
        const std::vector<Instr*> instrs = block->instrs();
        std::vector<std::vector<int>> deaths(instrs.size());
        ValueSet live = liveOut(block);
        for (size_t n = instrs.size(); n-- > 0;) {
            if (int i = index_[static_cast<size_t>(instrs[n]->id())]; i >= 0) {
                if (!live.contains(i))
                    deaths[n].push_back(i); // never used
                live.remove(i);
            }
            forEachUse(instrs[n], [&](int i) {
                if (live.add(i))
                    deaths[n].push_back(i);
            });
        }
        // What is taken over from the frame is taken over before anything of it dies.
        const size_t taken = lastOfStartState(block);
        for (size_t k = 0; k < taken; ++k)
            for (int i : std::exchange(deaths[k], {}))
                deaths[taken].push_back(i);
        refined_.assign(owned_.size(), nullptr);
        std::vector<Instr*> out;
        FrameState* state = stateBefore(block);
        size_t n = 0;
        for (; n < instrs.size() && instrs[n]->isPhi(); ++n)
            out.push_back(instrs[n]);
        releaseOnEntry(block, live, out, state);
        for (size_t p = 0; p < n; ++p)
            release(deaths[p], live, out, state);
        for (; n < instrs.size(); ++n)
            rewriteInstr(block, instrs[n], deaths[n], live, out, state);
        block->instrs().clear();
        for (Instr* instr : out)
            block->append(instr);
        lastState_[block] = state;
    }

    // Of the block's instructions but phis, the last that its start state names; 0 if it names
    // none.
    static size_t lastOfStartState(const Block* block) {
        size_t last = 0;
        forEachFrameValue(block->startState(), [&](const Instr* value) {
            if (value->block() != block || value->isPhi())
                return;
            const auto& instrs = block->instrs();
            const auto place =
                std::find(instrs.begin() + static_cast<ptrdiff_t>(last), instrs.end(), value);
            if (place != instrs.end())
                last = static_cast<size_t>(place - instrs.begin());
        });
        return last;
    }

    // Values that are live out of the only predecessor, but not here.
    void releaseOnEntry(Block* block, ValueSet& live, std::vector<Instr*>& out, FrameState* state) {
        // `live` holds what is live at the block's first instruction now.
        for (Instr* phi : block->instrs()) {
            if (!phi->isPhi())
                break;
            if (int i = index_[static_cast<size_t>(phi->id())]; i >= 0)
                live.add(i);
        }
        if (block->preds().size() != 1)
            return;
        Block* pred = block->preds()[0];
        if (pred->succs().size() < 2)
            return;
        Instr* last = pred->terminator();
        Instr* isNull = last->opcode() == Opcode::kBranchNull && last->target(0) == block
                            ? rootOf(last->operand(0))
                            : nullptr;
        std::vector<int> dying;
        ValueSet alive = live;
        liveOut(pred).forEach([&](int i) {
            if (isOwned(i) && !live.contains(i) && valueAt(i) != isNull) {
                dying.push_back(i);
                alive.add(i);
            }
        });
        release(dying, alive, out, state);
        for (int i : postponed_)
            live.add(i);
    }

    bool isQuiet(int i) const { return quietForm(i)->type().diesQuietly(); }

    // Releases values in order, those whose death runs code first: it may look at the others.
    void release(std::vector<int> dying, ValueSet& live, std::vector<Instr*>& out,
                 FrameState* state) {
        std::ranges::stable_partition(dying, [&](int i) { return !isQuiet(i); });
        for (int i : dying) {
            if (isQuiet(i) && isSlot(state, i)) {
                postponed_.push_back(i);
                continue;
            }
            releaseNow(i, live, out, state);
        }
    }

    void releaseNow(int i, ValueSet& live, std::vector<Instr*>& out, FrameState* state) {
        live.remove(i);
        if (isOwned(i))
            emitDecref(out, i, state, live);
    }

    // A local that dies quietly is not dropped where it is bound anew. So what is mentioned last in
    // a state lives as long as the state does: whose death runs code later may look at it.
    void releasePostponed(ValueSet& live, std::vector<Instr*>& out, FrameState* state) {
        for (int i : std::exchange(postponed_, {}))
            releaseNow(i, live, out, state);
    }

    void rewriteInstr(Block* block, Instr* instr, const std::vector<int>& dying, ValueSet& live,
                      std::vector<Instr*>& out, FrameState*& state) {
        if (instr->hasFrameState() || instr->isTerminator())
            releasePostponed(live, out, state);
        if (instr->hasFrameState())
            state = instr->frameState();
        if (instr->ownership() == Ownership::kAlias || instr->opcode() == Opcode::kDrop) {
            Instr* refined = instr->opcode() == Opcode::kDrop ? instr->operand(0) : instr;
            if (int i = indexOf(refined); i >= 0 && refined->type().diesQuietly())
                refined_[static_cast<size_t>(i)] = refined;
        }
        if (instr->opcode() == Opcode::kDrop) {
            release(dying, live, out, state);
            return;
        }
        // References that the operation takes: the value's own if it dies here and no local shows
        // it (while the operation runs, and in the exit should it fail), else a new one.
        std::vector<int> moved;
        std::vector<Instr*> increfed = referencesOfAliases(instr);
        const std::vector<Instr*> ofAliases = increfed;
        for (Instr* value : ofAliases)
            emitIncref(out, value);
        for (size_t o = 0; o < instr->numOperands() && !instr->isPhi(); ++o) {
            if (!instr->steals(o))
                continue;
            int i = indexOf(instr->operand(o));
            bool dies = isOwned(i) && std::ranges::find(dying, i) != dying.end() &&
                        std::ranges::find(moved, i) == moved.end() && !isLocal(instr, i);
            if (dies) {
                moved.push_back(i);
            } else {
                emitIncref(out, instr->operand(o));
                increfed.push_back(instr->operand(o));
            }
        }
        if (instr->opcode() == Opcode::kYield)
            moveStateToFrame(instr, live, moved, out);
        if (leaves(instr))
            settleExit(instr, live, dying, moved, increfed, ofAliases);
        if (instr->opcode() == Opcode::kJump)
            passToPhis(block, instr->target(0), out);
        out.push_back(instr);
        for (Instr* value : ofAliases)
            out.push_back(fn_.newInstr(Opcode::kDecref, {value}));
        int result = index_[static_cast<size_t>(instr->id())];
        if (result >= 0) {
            live.add(result);
            if (isOwned(result) && needsReference(instr))
                emitIncref(out, instr);
        }
        if (instr->isTerminator())
            return;
        // Operands first and in order, as the interpreter releases them.
        std::vector<int> order = operandOrder(instr, dying);
        std::erase_if(order, [&](int i) {
            bool isMoved = std::ranges::find(moved, i) != moved.end();
            if (isMoved)
                live.remove(i);
            return isMoved;
        });
        release(std::move(order), live, out, state);
    }

    // Calls, whose callees may count the references to what they are given (numpy resizes an array
    // only if no other variable has it).
    static bool mayBeCounted(const Instr* instr) {
        using runtime::Helper;
        if (instr->opcode() == Opcode::kCallDirect)
            return true;
        if (instr->opcode() != Opcode::kCallRuntime)
            return false;
        switch (static_cast<Helper>(instr->imm())) {
        case Helper::kCall:
        case Helper::kCallMethod:
        case Helper::kCallEx:
        case Helper::kCallCFunctionO:
        case Helper::kCallCFunctionFast:
        case Helper::kCallMethodDescrO:
        case Helper::kCallMethodDescrNoArgs:
        case Helper::kCallMethodDescrFast:
            return true;
        default:
            return false;
        }
    }

    // What a method was looked up of, if `value` is the self that came out of that.
    static Instr* ownerOfMethod(Instr* value) {
        value = rootOf(value);
        const bool isSelf =
            value->opcode() == Opcode::kCallRuntime &&
            static_cast<runtime::Helper>(value->imm()) == runtime::Helper::kTakeSecond;
        return isSelf ? value->operand(0) : nullptr;
    }

    // An operand that several locals hold has one reference of ours, and one from each of them in
    // the interpreter (and one from the stack). What there is to be added.
    std::vector<Instr*> referencesOfAliases(const Instr* instr) const {
        std::vector<Instr*> added;
        if (!mayBeCounted(instr))
            return added;
        std::vector<int> seen;
        for (size_t o = 0; o < instr->numOperands(); ++o) {
            Instr* owner = ownerOfMethod(instr->operand(o));
            Instr* operand = owner ? owner : instr->operand(o);
            const int i = indexOf(operand);
            const ptrdiff_t locals = isOwned(i) ? numLocals(instr->frameState(), i) : 0;
            if (locals < 2)
                continue;
            ptrdiff_t missing = instr->steals(o) || owner ? 0 : 1;
            if (std::ranges::find(seen, i) == seen.end())
                missing += locals - 1;
            seen.push_back(i);
            added.insert(added.end(), static_cast<size_t>(missing), operand);
        }
        return added;
    }

    ptrdiff_t numLocals(const FrameState* state, int i) const {
        ptrdiff_t count = 0;
        for (const FrameState* fs = state; fs; fs = fs->parent)
            count +=
                std::ranges::count_if(fs->slots, [&](Instr* slot) { return indexOf(slot) == i; });
        return count;
    }

    // A local of the state that `instr`, which may raise, shows.
    bool isLocal(const Instr* instr, int i) const {
        return instr->hasFrameState() && !instr->has(kExit) && isSlot(instr->frameState(), i);
    }

    bool isSlot(const FrameState* state, int i) const { return numLocals(state, i) > 0; }

    std::vector<int> operandOrder(const Instr* instr, const std::vector<int>& dying) const {
        std::vector<int> order;
        for (Instr* operand : instr->operands()) {
            int i = indexOf(operand);
            if (std::ranges::find(dying, i) != dying.end() &&
                std::ranges::find(order, i) == order.end())
                order.push_back(i);
        }
        for (int i : dying)
            if (std::ranges::find(order, i) == order.end())
                order.push_back(i);
        return order;
    }

    // The references of everything in the suspended frame become the frame's.
    void moveStateToFrame(Instr* yield, const ValueSet& live, const std::vector<int>& moved,
                          std::vector<Instr*>& out) {
        std::vector<int> given = moved;
        forEachFrameValue(yield->frameState(), [&](Instr* value) {
            if (!value->type().isCounted())
                return;
            int i = indexOf(value);
            if (isOwned(i) && live.contains(i) && std::ranges::find(given, i) == given.end())
                given.push_back(i);
            else
                emitIncref(out, value);
        });
        live.forEach([&](int i) {
            if (isOwned(i) && std::ranges::find(given, i) == given.end())
                emitDecref(out, i, yield->frameState(), live);
        });
    }

    // Of an operation that may raise: operands that nothing but the stack holds, and that end with
    // it or were only lent to a function that it calls. The interpreter lets go of them, in order,
    // before it looks for a handler, which would take the last one first.
    std::vector<int> releasedFirst(const Instr* instr, const std::vector<int>& dying,
                                   const std::vector<int>& moved) const {
        const auto contains = [](const std::vector<int>& list, int i) {
            return std::ranges::find(list, i) != list.end();
        };
        std::vector<int> released;
        for (size_t o = 0; o < instr->numOperands(); ++o) {
            const int i = indexOf(instr->operand(o));
            const bool ends = instr->steals(o) ? !contains(moved, i) : contains(dying, i);
            if (!isOwned(i) || !ends || contains(released, i))
                continue;
            int mentions = 0, onStack = 0;
            forEachFrameValue(instr->frameState(),
                              [&](Instr* value) { mentions += indexOf(value) == i; });
            for (Instr* value : instr->frameState()->stack)
                onStack += indexOf(value) == i;
            if (mentions == onStack && mentions <= 1)
                released.push_back(i);
        }
        return released.size() > 1 ? released : std::vector<int>();
    }

    void settleExit(Instr* instr, const ValueSet& live, const std::vector<int>& dying,
                    const std::vector<int>& moved, const std::vector<Instr*>& increfed,
                    const std::vector<Instr*>& ofAliases) {
        const bool afterEffect = !instr->has(kExit); // Raise: the operation took what it steals
        ExitReferences refs;
        ValueSet& held = held_;
        ValueSet& given = given_;
        held = live;
        given.clear();
        if (afterEffect)
            for (int i : moved)
                held.remove(i);
        const std::vector<int> released =
            afterEffect ? releasedFirst(instr, dying, moved) : std::vector<int>();
        auto action = [&](Instr* value, bool onStack) {
            int i = value ? indexOf(value) : -1;
            if (!isOwned(i))
                return ExitReferences::kIncref;
            if (afterEffect && onStack &&
                (std::ranges::find(moved, i) != moved.end() ||
                 std::ranges::find(released, i) != released.end()))
                return ExitReferences::kConsumed;
            if (held.contains(i) && given.add(i))
                return ExitReferences::kMove;
            return ExitReferences::kIncref;
        };
        // The outermost first: the frame's memory may hold what its slots get.
        FrameState* outermost = instr->frameState()->outermost();
        refs.slots.reserve(outermost->slots.size());
        for (Instr* value : outermost->slots)
            refs.slots.push_back(action(value, false));
        refs.stack.reserve(outermost->stack.size());
        for (Instr* value : outermost->stack)
            refs.stack.push_back(action(value, true));
        for (const FrameState* fs = instr->frameState(); fs->parent; fs = fs->parent) {
            for (Instr* value : fs->slots)
                refs.inlined.push_back(action(value, false));
            for (Instr* value : fs->stack)
                refs.inlined.push_back(action(value, true));
        }
        held.removeAll(given);
        refs.releases.reserve(held.size());
        for (int i : released) {
            refs.releases.push_back(valueAt(i));
            held.remove(i);
        }
        held.forEach([&](int i) {
            if (isOwned(i))
                refs.releases.push_back(valueAt(i));
        });
        for (Instr* value : afterEffect ? ofAliases : increfed)
            if (value->opcode() != Opcode::kConstNull)
                refs.releases.push_back(value);
        instr->setExitReferences(std::move(refs));
    }

    // At a jump to phis: each owned phi takes a reference; a value that is not live beyond gives
    // its own.
    void passToPhis(Block* block, Block* target, std::vector<Instr*>& out) {
        size_t edge = target->predIndex(block);
        std::vector<int> given;
        for (Instr* phi : target->instrs()) {
            if (!phi->isPhi())
                break;
            if (!phi->type().isCounted())
                continue;
            Instr* input = phi->operand(edge);
            int i = indexOf(input);
            if (isOwned(i) && !liveIn(target).contains(i) &&
                std::ranges::find(given, i) == given.end())
                given.push_back(i);
            else
                emitIncref(out, input);
        }
    }

    Function& fn_;
    std::vector<bool> present_; // by instruction id: in some block
    std::vector<int> index_;    // by instruction id: dense index of owned values, else -1
    // The same of the value's root; of what is in no block it has to be looked for.
    std::vector<int> rootIndex_;
    static constexpr int kNotPresent = -2;
    std::vector<Instr*> owned_;  // by dense index
    std::vector<bool> borrowed_; // by dense index: loaded, but needs no reference
    std::vector<Instr*>
        refined_; // by dense index: the last guarded form in the block being rewritten
    std::vector<ValueSet> liveIn_, liveOut_;
    std::vector<std::vector<int>> deaths_; // scratch of borrowLoads
    ValueSet held_, given_;                // scratch of settleExit
    std::vector<int> postponed_;           // of the block being rewritten, see releasePostponed()
    std::unordered_map<Block*, FrameState*> lastState_;
};

} // namespace

void insertReferenceCounts(Function& fn) {
    ReferenceCounts(fn).run();
}

} // namespace pyston::passes
