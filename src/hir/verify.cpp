// The rules that every pass may rely on and must keep.
#include "hir/hir.h"
#include "hir/verify_instr.h"

#include "runtime/helpers.h"

#include <algorithm>

namespace pyston::hir {
namespace {

size_t numTargets(Opcode op) {
    switch (op) {
    case Opcode::kJump:
        return 1;
    case Opcode::kBranch:
    case Opcode::kBranchNull:
        return 2;
    default:
        return 0;
    }
}

bool repFits(char kind, Type type) {
    switch (kind) {
    case 'o':
    case 'O':
        return type.rep == Rep::kObject;
    case 'n':
    case 'N':
        return type.isCounted();
    case 'i':
        return type.rep == Rep::kInt64;
    case 'd':
        return type.rep == Rep::kDouble;
    case 'b':
        return type.rep == Rep::kBool;
    case 'p':
        return type.rep == Rep::kPointer;
    case 'a':
        return type.rep != Rep::kVoid;
    default:
        return false;
    }
}

// Does not leave: without a state it shows no locals.
bool isLateRelease(Opcode op) {
    return op == Opcode::kDecref;
}

class Verifier {
  public:
    explicit Verifier(const Function& fn)
        : fn_(fn), position_(static_cast<size_t>(fn.numInstrIds()), -1),
          owner_(static_cast<size_t>(fn.numInstrIds()), nullptr) {}

    std::string run() {
        if (header() && number() && edges()) {
            dominators_ = std::make_unique<Dominators>(fn_);
            for (const Block* block : fn_.blocks()) {
                if (!blockShape(block) || !startState(block)) {
                    break;
                }
                for (const Instr* instr : block->instrs()) {
                    if (!instruction(instr)) {
                        return error_;
                    }
                }
            }
        }
        return error_;
    }

  private:
    bool fail(std::string where, std::string_view what) {
        error_ = std::move(where) + ": " + std::string(what);
        return false;
    }
    bool fail(const Block* block, std::string_view what) {
        return fail("bb" + std::to_string(block->id()), what);
    }
    bool fail(const Instr* instr, std::string_view what) {
        return fail("bb" + std::to_string(instr->block()->id()) + ": v" +
                        std::to_string(instr->id()) + " " + std::string(instr->info().name),
                    what);
    }

    bool isLive(const Instr* value) const {
        size_t id = static_cast<size_t>(value->id());
        return id < owner_.size() && owner_[id] == value;
    }

    // More slots than any frame has that is compiled (kMaxStateSize in compile.cpp).
    bool header() {
        constexpr int kMaxSlots = 1 << 20;
        const auto inRange = [](int count, int most) { return count >= 0 && count <= most; };
        return (inRange(fn_.numSlots, kMaxSlots) && inRange(fn_.numLocals, fn_.numSlots) &&
                inRange(fn_.stackSize, UINT16_MAX)) || // exits::Record::stackDepth
               fail("header", "numbers of slots out of range");
    }

    bool number() {
        for (const Block* block : fn_.blocks()) {
            int position = 0;
            for (const Instr* instr : block->instrs()) {
                size_t id = static_cast<size_t>(instr->id());
                if (instr->block() != block) {
                    return fail(block, "holds an instruction that believes to be elsewhere");
                }
                if (id >= owner_.size() || owner_[id]) {
                    return fail(instr, "number out of range or used twice");
                }
                owner_[id] = instr;
                position_[id] = position++;
            }
        }
        return true;
    }

    bool edges() {
        std::vector<std::vector<const Block*>> preds(static_cast<size_t>(fn_.numBlockIds()));
        std::vector<bool> listed(static_cast<size_t>(fn_.numBlockIds()));
        for (const Block* block : fn_.blocks()) {
            size_t id = static_cast<size_t>(block->id());
            if (id >= listed.size() || listed[id]) {
                return fail(block, "number out of range or used twice");
            }
            listed[id] = true;
        }
        if (std::ranges::none_of(fn_.blocks(), &Block::isEntry)) {
            return fail("header", "there is no entry block");
        }
        for (const Block* block : fn_.blocks()) {
            if (!block->terminator()) {
                return fail(block, "does not end with a terminator");
            }
            for (const Block* succ : block->succs()) {
                if (!succ || !listed[static_cast<size_t>(succ->id())]) {
                    return fail(block, "jumps to a block that is not part of the function");
                }
                preds[static_cast<size_t>(succ->id())].push_back(block);
            }
        }
        for (const Block* block : fn_.blocks()) {
            std::vector<const Block*> stated(block->preds().begin(), block->preds().end());
            std::vector<const Block*>& actual = preds[static_cast<size_t>(block->id())];
            std::sort(stated.begin(), stated.end());
            std::sort(actual.begin(), actual.end());
            if (stated != actual) {
                return fail(block, "predecessors do not match the edges");
            }
            if (block->isEntry() != actual.empty()) {
                return fail(block,
                            block->isEntry() ? "entry block with predecessors" : "unreachable");
            }
        }
        return true;
    }

    bool blockShape(const Block* block) {
        bool phisOver = false;
        for (const Instr* instr : block->instrs()) {
            if (instr->isPhi() && phisOver) {
                return fail(instr, "phi after another instruction");
            }
            phisOver = phisOver || !instr->isPhi();
            if (instr->isTerminator() && instr != block->instrs().back()) {
                return fail(instr, "terminator in the middle of a block");
            }
            if (instr->opcode() == Opcode::kLoadFrameSlot && !block->isEntry()) {
                return fail(instr, "only entry blocks take over the frame");
            }
        }
        return true;
    }

    bool instruction(const Instr* instr) {
        if (instr->targets().size() != numTargets(instr->opcode())) {
            return fail(instr, "wrong number of targets");
        }
        if (!operandCount(instr) || !resultType(instr) || !operands(instr)) {
            return false;
        }
        if (std::string_view wrong = checkInstr(fn_, *instr); !wrong.empty()) {
            return fail(instr, wrong);
        }
        return frameState(instr) && (!showsFrame(instr) || framesMemoryCanBeMade(instr));
    }

    bool operandCount(const Instr* instr) {
        size_t least = 0;
        bool more = false;
        if (instr->opcode() == Opcode::kCallRuntime) {
            if (instr->imm() < 0 || instr->imm() >= runtime::kNumHelpers) {
                return fail(instr, "no such helper");
            }
            auto helper = static_cast<runtime::Helper>(instr->imm());
            std::string_view args = runtime::info(helper).args;
            least = runtime::minOperands(helper);
            more = args.find_first_of("*P") != std::string_view::npos;
        } else {
            std::string_view signature = instr->info().operands;
            more = signature.ends_with('*');
            least = signature.size() - (more ? 2 : 0);
        }
        size_t count = instr->numOperands();
        if (count < least || (count > least && !more)) {
            return fail(instr, "wrong number of operands");
        }
        if (instr->isPhi() && count != instr->block()->preds().size()) {
            return fail(instr, "needs one operand per predecessor");
        }
        return true;
    }

    bool resultType(const Instr* instr) {
        Type type = instr->type();
        Type row = instr->info().result;
        if (instr->opcode() == Opcode::kCallRuntime) {
            row = runtime::resultType(static_cast<runtime::Helper>(instr->imm()));
        } else if (instr->info().customResult) {
            return type.rep != Rep::kVoid || fail(instr, "has no result type");
        }
        return isSubtype(type, row) || fail(instr, "result type contradicts the table");
    }

    bool operands(const Instr* instr) {
        for (size_t i = 0; i < instr->numOperands(); i++) {
            const Instr* value = instr->operand(i);
            std::string which = "operand " + std::to_string(i);
            if (!value || !isLive(value)) {
                return fail(instr, which + " is not in the function");
            }
            if (!repFits(instr->operandKind(i), value->type())) {
                return fail(instr, which + " has the wrong representation");
            }
            if (instr->isPhi()) {
                const Block* pred = instr->block()->preds()[i];
                Type type = value->type();
                if (value->opcode() == Opcode::kConstNull) {
                    type.exact = instr->type().exact; // NULL is of every nullable type
                }
                if (!isSubtype(type, instr->type())) {
                    return fail(instr, which + " has a wider type than the phi");
                }
                if (instr->operand(instr->block()->predIndex(pred)) != value) {
                    return fail(instr, "different operands for the same predecessor");
                }
                if (!dominators_->dominates(value->block(), pred)) {
                    return fail(instr, which + " does not dominate the edge");
                }
            } else if (!dominates(value, instr)) {
                return fail(instr, which + " does not dominate its use");
            }
        }
        return true;
    }

    bool dominates(const Instr* value, const Instr* use) const {
        if (value->block() != use->block()) {
            return dominators_->dominates(value->block(), use->block());
        }
        return position_[static_cast<size_t>(value->id())] <
               position_[static_cast<size_t>(use->id())];
    }

    bool frameState(const Instr* instr) {
        uint16_t demanding = kExit | kRaise | kRunPython | kAllocate;
        bool needed = ((instr->effects() & demanding) != 0 && !isLateRelease(instr->opcode())) ||
                      instr->opcode() == Opcode::kYield;
        const FrameState* state = instr->frameState();
        if (needed && !state) {
            return fail(instr, "needs a frame state");
        }
        if (std::string_view wrong = chain(state); !wrong.empty()) {
            return fail(instr, wrong);
        }
        if (instr->exitReferences() && !exitReferences(instr)) {
            return false;
        }
        for (; state; state = state->parent) {
            for (const std::vector<Instr*>* list : {&state->slots, &state->stack}) {
                for (const Instr* value : *list) {
                    if (value && (!isLive(value) || !isHeldByFrames(value->type()) ||
                                  !dominates(value, instr))) {
                        return fail(instr, "frame state fs" + std::to_string(state->id) +
                                               " names v" + std::to_string(value->id()) +
                                               ", which is not available here");
                    }
                }
            }
        }
        return true;
    }

    static bool isHeldByFrames(Type type) {
        return type.rep != Rep::kVoid && type.rep != Rep::kPointer;
    }

    // A state and its callers' states; says what is wrong.
    std::string_view chain(const FrameState* state) const {
        size_t depth = 0;
        for (; state && state->parent; state = state->parent) {
            if (++depth > fn_.frameStates().size()) {
                return "frame state of a frame that calls itself";
            }
            if (!state->inlined ||
                state->slots.size() != static_cast<size_t>(state->inlined->numSlots)) {
                return "frame state of an inlined function with a wrong number of slots";
            }
        }
        if (state && state->slots.size() != static_cast<size_t>(fn_.numSlots)) {
            return "frame state with a wrong number of slots";
        }
        if (state && state->stack.size() > static_cast<size_t>(fn_.stackSize)) {
            return "frame state with a stack too deep";
        }
        return "";
    }

    // It may name what no block holds any more.
    bool startState(const Block* block) {
        const FrameState* state = block->startState();
        if (std::string_view wrong = chain(state); !wrong.empty()) {
            return fail(block, wrong);
        }
        for (; state; state = state->parent) {
            for (const std::vector<Instr*>* list : {&state->slots, &state->stack}) {
                for (const Instr* value : *list) {
                    if (value && isLive(value) &&
                        (!isHeldByFrames(value->type()) || !isThereAtStart(value, block))) {
                        return fail(block, "its start state names v" + std::to_string(value->id()) +
                                               ", which is not available here");
                    }
                }
            }
        }
        return true;
    }

    // What is taken over from the frame, and boxes that stand for phis, are behind them, but before
    // anything that has an effect.
    bool isThereAtStart(const Instr* value, const Block* block) const {
        if (value->block() != block) {
            return dominators_->dominates(value->block(), block);
        }
        const auto& instrs = block->instrs();
        const auto position = position_[static_cast<size_t>(value->id())];
        return std::all_of(instrs.begin(), instrs.begin() + position, [](const Instr* instr) {
            return instr->opcode() == Opcode::kLoadFrameSlot ||
                   (instr->effects() & ~kAllocate) == 0;
        });
    }

    // Before these the locals are made visible in the frame's memory. (Releases and the eval
    // breaker show the frame only rarely, by an exit record.)
    static bool showsFrame(const Instr* instr) {
        switch (instr->opcode()) {
        case Opcode::kYield:
            return true;
        case Opcode::kDrop:
        case Opcode::kDecref:
        case Opcode::kCheckEvalBreaker:
            return false;
        default:
            return instr->has(kRunPython);
        }
    }

    // There is a frame, and what it holds are objects: the stack, too, when it is suspended. Cold
    // code makes objects of unboxed locals then. After reference counting nothing is asked: the
    // stores are there, or are made next.
    bool framesMemoryCanBeMade(const Instr* instr) {
        const FrameState* state = instr->frameState();
        if (state->parent) {
            return fail(instr, "shows a frame that is not there: it was inlined");
        }
        const auto isBoxed = [](const Instr* value) { return !value || value->type().isCounted(); };
        const bool suspends = instr->opcode() == Opcode::kYield;
        const bool mayBox = (instr->block()->isCold() || instr->exitReferences()) && !suspends;
        if ((!mayBox && !std::ranges::all_of(state->slots, isBoxed)) ||
            (suspends && !std::ranges::all_of(state->stack, isBoxed))) {
            return fail(instr, "shows a frame with an unboxed value");
        }
        return true;
    }

    bool exitReferences(const Instr* instr) {
        const FrameState* state = instr->frameState();
        const ExitReferences* refs = instr->exitReferences();
        size_t inlined = 0;
        for (; state && state->parent; state = state->parent) {
            inlined += state->slots.size() + state->stack.size();
        }
        if (!state || refs->slots.size() != state->slots.size() ||
            refs->stack.size() != state->stack.size() || refs->inlined.size() != inlined) {
            return fail(instr, "exit references do not match the frame state");
        }
        for (const Instr* value : refs->releases) {
            if (!value || !isLive(value) || !value->type().isCounted() ||
                !dominates(value, instr)) {
                return fail(instr, "releases a value that is not available here");
            }
        }
        return true;
    }

    const Function& fn_;
    std::vector<int> position_;       // by instruction id: index in its block
    std::vector<const Instr*> owner_; // by instruction id: the instruction, if some block holds it
    std::unique_ptr<Dominators> dominators_;
    std::string error_;
};

} // namespace

std::string verify(const Function& fn) {
    return Verifier(fn).run();
}

} // namespace pyston::hir
