// Gives loops over ranges, lists and tuples paths of their own that run no Python code.
//
// IterNext calls tp_iternext, whatever that is: locals have to be objects in the frame's memory
// there. The iterators of range, list and tuple are only counted up. Where the iterator's class is
// not known it is looked at in each iteration; the call goes to a cold block, which is also where
// iterators of lists and tuples are ended. So are the checks whether tracing has begun meanwhile.
// Where other iterators are usual nothing is changed.
//
// Requires: each IterNext is followed by BranchNull in its block, and used by that and a Refine
// only, and at the start of both ways there may be a CheckTracing (as the builder makes it; others
// stay as they are); no critical edges. Provides: the same;
// what is taken from a range is an unboxed int.
#include "passes/cfg.h"
#include "passes/passes.h"

#include <algorithm>
#include <array>
#include <unordered_set>

namespace pyston::passes {

using namespace hir;

namespace {

constexpr std::array kSequenceIterators = {ExactClass::kListIterator, ExactClass::kTupleIterator};

class SplitIteration {
  public:
    explicit SplitIteration(Function& fn) : fn_(fn) {}

    void run() {
        std::vector<Block*> loops;
        for (Block* block : fn_.blocks())
            if (matches(block))
                loops.push_back(block);
        if (loops.empty())
            return;
        countMentions();
        for (Block* block : loops)
            if (matches(block) && mentions_[static_cast<size_t>(next_->id())] == 2)
                split(block);
        if (replacements_.empty())
            return;
        std::vector<Instr*> map(static_cast<size_t>(fn_.numInstrIds()));
        for (const auto& [from, to] : replacements_)
            map[static_cast<size_t>(from->id())] = to;
        fn_.replaceAllUses(map);
        fn_.orderBlocks();
        splitCriticalEdges(fn_);
    }

  private:
    // How often a value is used: that of IterNext by the branch and the Refine only, or it would be
    // missed. States of blocks' starts do not count.
    void countMentions() {
        mentions_.assign(static_cast<size_t>(fn_.numInstrIds()), 0);
        std::unordered_set<const FrameState*> seen;
        const auto count = [&](std::span<Instr* const> values) {
            for (const Instr* value : values)
                if (value)
                    ++mentions_[static_cast<size_t>(value->id())];
        };
        for (const Block* block : fn_.blocks())
            for (const Instr* instr : block->instrs()) {
                count(instr->operands());
                const FrameState* state = instr->frameState();
                for (; state && seen.insert(state).second; state = state->parent) {
                    count(state->slots);
                    count(state->stack);
                }
            }
    }

    // Of a class that has a path, or of any.
    static bool mayBeIterator(ExactClass c) {
        return c == ExactClass::kUnknown || c == ExactClass::kRangeIterator ||
               std::ranges::find(kSequenceIterators, c) != std::end(kSequenceIterators);
    }

    bool matches(Block* block) {
        const auto& instrs = block->instrs();
        if (instrs.size() < 2 || block->terminator()->opcode() != Opcode::kBranchNull)
            return false;
        next_ = instrs[instrs.size() - 2];
        if (next_->opcode() != Opcode::kIterNext || next_->imm2() != 0 ||
            block->terminator()->operand(0) != next_ ||
            !mayBeIterator(next_->operand(0)->type().exact))
            return false;
        done_ = block->terminator()->target(0);
        more_ = block->terminator()->target(1);
        if (done_ == more_ || done_->preds().size() != 1 || more_->preds().size() != 1 ||
            done_->instrs().front()->isPhi())
            return false;
        item_ = more_->instrs().front();
        return item_->opcode() == Opcode::kRefine && item_->operand(0) == next_;
    }

    void split(Block* block) {
        iterator_ = next_->operand(0);
        state_ = next_->frameState();
        paths_.clear();
        checkMore_ = takeCheck(more_, 1);
        checkDone_ = takeCheck(done_, 0);
        block->instrs().resize(block->instrs().size() - 2);
        done_->preds().clear();
        more_->preds().clear();
        const ExactClass known = iterator_->type().exact;
        if (known == ExactClass::kRangeIterator) {
            takeFromRange(block);
        } else {
            Block* slow = newBlockBefore();
            slow->setCold(true);
            if (known == ExactClass::kUnknown) {
                block = testClass(block, ExactClass::kRangeIterator,
                                  [&](Block* match) { takeFromRange(match); });
                for (ExactClass c : kSequenceIterators)
                    block = testClass(block, c,
                                      [&](Block* match) { takeFromSequence(match, c, slow); });
                jump(block, slow);
            } else {
                takeFromSequence(block, known, slow);
            }
            takeFromAny(slow);
        }
        meet();
    }

    static Instr* takeCheck(Block* block, size_t index) {
        auto& instrs = block->instrs();
        if (index >= instrs.size() || instrs[index]->opcode() != Opcode::kCheckTracing)
            return nullptr;
        Instr* check = instrs[index];
        instrs.erase(instrs.begin() + static_cast<ptrdiff_t>(index));
        return check;
    }

    // Blocks before the item is taken are in the state before FOR_ITER; those behind it have none:
    // nothing can leave where the item would be lost.
    Block* newBlock() { return fn_.newBlock(); }
    Block* newBlockBefore() {
        Block* block = newBlock();
        block->setStartState(state_);
        return block;
    }

    Instr* append(Block* block, Opcode op, std::initializer_list<Instr*> operands,
                  int64_t imm = 0) {
        Instr* instr = fn_.newInstr(op, operands);
        instr->setImm(imm);
        block->append(instr);
        return instr;
    }
    void jump(Block* from, Block* to) {
        from->append(fn_.newJump(to));
        to->preds().push_back(from);
    }
    void branch(Block* from, Opcode op, Instr* value, Block* ifTrue, Block* ifFalse) {
        from->append(fn_.newBranch(op, value, ifTrue, ifFalse));
        ifTrue->preds().push_back(from);
        ifFalse->preds().push_back(from);
    }

    // `take` gets the block where the class is this one; returns the block for other classes.
    template<typename Take> Block* testClass(Block* block, ExactClass c, Take&& take) {
        Block* match = newBlockBefore();
        Block* other = newBlockBefore();
        Instr* test = append(block, Opcode::kIsClass, {iterator_}, static_cast<int64_t>(c));
        branch(block, Opcode::kBranch, test, match, other);
        take(match);
        return other;
    }

    void branchIfLeft(Block* block, ExactClass c, Block* more, Block* otherwise) {
        Instr* left = append(block, Opcode::kIterLeft, {iterator_}, static_cast<int64_t>(c));
        Instr* none = append(block, Opcode::kConstInt, {}, 0);
        Instr* test = append(block, Opcode::kIntCompare, {left, none},
                             static_cast<int64_t>(Condition::kGreater));
        branch(block, Opcode::kBranch, test, more, otherwise);
    }

    void takeFromRange(Block* block) {
        Block* more = newBlock();
        branchIfLeft(block, ExactClass::kRangeIterator, more, done_);
        Instr* value = append(more, Opcode::kRangeIterNext, {iterator_});
        Instr* item = fn_.newInstr(Opcode::kBoxInt, exactObject(ExactClass::kInt), {&value, 1});
        item->setFrameState(state_);
        more->append(item);
        paths_.push_back({more, item});
    }

    void takeFromSequence(Block* block, ExactClass c, Block* slow) {
        Block* more = newBlock();
        branchIfLeft(block, c, more, slow);
        Instr* item = append(more, Opcode::kSequenceIterNext, {iterator_}, static_cast<int64_t>(c));
        paths_.push_back({more, item});
    }

    void takeFromAny(Block* block) {
        Block* more = newBlock();
        more->setCold(true);
        if (next_->imm() != 0)
            append(block, Opcode::kProbe, {}, next_->imm())->setFrameState(state_);
        Instr* item = append(block, Opcode::kIterNext, {iterator_});
        item->setFrameState(state_);
        Block* ended = done_;
        if (checkDone_) {
            ended = newBlock();
            ended->setCold(true);
        }
        branch(block, Opcode::kBranchNull, item, ended, more);
        if (checkDone_) {
            ended->append(checkDone_);
            jump(ended, done_);
        }
        Instr* refined = fn_.newInstr(Opcode::kRefine, kObject, {&item, 1});
        more->append(refined);
        if (checkMore_)
            append(more, Opcode::kCheckTracing, {})->setFrameState(withItem(refined));
        paths_.push_back({more, refined});
    }

    FrameState* withItem(Instr* item) {
        FrameState* state = fn_.copyWithParents(*checkMore_->frameState());
        std::ranges::replace(state->stack, item_, item);
        return state;
    }

    // The ways to the body, each with its item.
    void meet() {
        Instr* item = paths_[0].item;
        Block* meeting = paths_[0].block;
        if (paths_.size() > 1) {
            meeting = newBlock();
            item = fn_.newInstr(Opcode::kPhi, kObject);
            meeting->append(item);
            for (const Path& path : paths_) {
                item->appendOperand(path.item);
                jump(path.block, meeting);
            }
        }
        jump(meeting, more_);
        more_->instrs().erase(more_->instrs().begin()); // the Refine
        replacements_.emplace_back(item_, item);
    }

    struct Path {
        Block* block;
        Instr* item;
    };

    Function& fn_;
    std::vector<std::pair<Instr*, Instr*>> replacements_;
    std::vector<int> mentions_; // by id
    // Of the loop at hand:
    Instr* next_ = nullptr;
    Instr* item_ = nullptr; // Refine of next_
    Instr* iterator_ = nullptr;
    Instr* checkMore_ = nullptr; // null if there is none
    Instr* checkDone_ = nullptr;
    Block* done_ = nullptr;
    Block* more_ = nullptr;
    FrameState* state_ = nullptr;
    std::vector<Path> paths_;
};

} // namespace

void splitIteration(Function& fn) {
    SplitIteration(fn).run();
}

} // namespace pyston::passes
